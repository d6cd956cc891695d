import { type CalendarRef, findCalendar } from "../../db/calendars.ts";
import { type Standing, authorise } from "../../domain/access.ts";
import { notFound } from "../../domain/errors.ts";
import { type ExternalCalendar, maskedUrl } from "../../domain/external-calendar.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { coachIdOf } from "../references.ts";

/**
 * A calendar elsewhere of a coach. Whoever may not manage it sees its address without what opens it.
 * @throws DomainError `not_found`
 */
export const readCalendar = async (
  app: App,
  { principal }: RequestContext,
  { coachId: ref, calendarId }: CalendarRef,
): Promise<ExternalCalendar> => {
  const coachId = await coachIdOf(app.sql, ref);
  const standing = authorise(principal, "coach.read", { what: "coach", owners: { coachId } });
  const calendar = await findCalendar(app.sql, { coachId, calendarId });
  if (!calendar) throw notFound("calendar");
  return asSeenBy(standing, calendar);
};

export const asSeenBy = (standing: Standing, calendar: ExternalCalendar): ExternalCalendar =>
  standing === "admin" || standing === "coach" ? calendar : { ...calendar, url: maskedUrl(calendar.url) };
