import { upsertCoachFeed } from "../../db/coach-feeds.ts";
import { findCoachForUpdate } from "../../db/coaches.ts";
import { authorise } from "../../domain/access.ts";
import { notFound } from "../../domain/errors.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { coachIdOf } from "../references.ts";
import { transact } from "../transaction.ts";
import { type FeedAddress, addressOf } from "./address.ts";

/**
 * Opens a coach's feed; one that is open moves to a new address, and is no longer found at the old one.
 * @throws DomainError `not_found`, `forbidden`
 */
export const openFeed = async (app: App, context: RequestContext, ref: string): Promise<FeedAddress> => {
  const coachId = await coachIdOf(app.sql, ref);
  authorise(context.principal, "coach.schedule", { what: "coach", owners: { coachId } });
  return transact(app, context, async ({ sql }) => {
    if (!(await findCoachForUpdate(sql, coachId))) throw notFound("coach");
    return addressOf(sql, app, await upsertCoachFeed(sql, { coachId, nonce: app.newId() }));
  });
};
