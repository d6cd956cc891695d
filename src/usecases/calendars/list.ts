import { listCalendars as listCalendarRows } from "../../db/calendars.ts";
import { authorise } from "../../domain/access.ts";
import type { ExternalCalendar } from "../../domain/external-calendar.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { coachIdOf } from "../references.ts";
import { asSeenBy } from "./read.ts";

/**
 * The calendars elsewhere of a coach, newest first; there are few, so they are one page.
 * @throws DomainError `not_found`
 */
export const listCalendars = async (
  app: App,
  { principal }: RequestContext,
  ref: string,
): Promise<{ data: ExternalCalendar[]; nextCursor: null }> => {
  const coachId = await coachIdOf(app.sql, ref);
  const standing = authorise(principal, "coach.read", { what: "coach", owners: { coachId } });
  const calendars = await listCalendarRows(app.sql, coachId);
  return { data: calendars.map((calendar) => asSeenBy(standing, calendar)), nextCursor: null };
};
