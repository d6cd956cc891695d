import { findCoachFeed } from "../../db/coach-feeds.ts";
import { authorise } from "../../domain/access.ts";
import { notFound } from "../../domain/errors.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { coachIdOf } from "../references.ts";
import { type FeedAddress, addressOf } from "./address.ts";

/**
 * Where a coach's feed is, for whoever manages it.
 * @throws DomainError `not_found`, also for a feed that is not open; `forbidden`
 */
export const readFeedAddress = async (
  app: App,
  { principal }: RequestContext,
  ref: string,
): Promise<FeedAddress> => {
  const coachId = await coachIdOf(app.sql, ref);
  authorise(principal, "coach.schedule", { what: "coach", owners: { coachId } });
  const feed = await findCoachFeed(app.sql, coachId);
  if (!feed) throw notFound("calendar feed");
  return addressOf(app.sql, app, feed);
};
