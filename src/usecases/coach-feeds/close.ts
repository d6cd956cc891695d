import { deleteCoachFeed } from "../../db/coach-feeds.ts";
import { authorise } from "../../domain/access.ts";
import { notFound } from "../../domain/errors.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { coachIdOf } from "../references.ts";

/**
 * Closes a coach's feed: nothing is found at its address any more, nor at any that it had.
 * @throws DomainError `not_found`, `forbidden`
 */
export const closeFeed = async (app: App, { principal }: RequestContext, ref: string): Promise<null> => {
  const coachId = await coachIdOf(app.sql, ref);
  authorise(principal, "coach.schedule", { what: "coach", owners: { coachId } });
  if (!(await deleteCoachFeed(app.sql, coachId))) throw notFound("calendar feed");
  return null;
};
