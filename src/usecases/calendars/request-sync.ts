import { type CalendarRef, findCalendar, updateNextSync } from "../../db/calendars.ts";
import { authorise } from "../../domain/access.ts";
import { notFound } from "../../domain/errors.ts";
import type { ExternalCalendar } from "../../domain/external-calendar.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { coachIdOf } from "../references.ts";
import { transact } from "../transaction.ts";
import { syncJob } from "./sync-job.ts";

/**
 * Asks for a calendar to be read now, which a worker does: an address elsewhere may take ten seconds, and a caller
 * should not wait for it. Asked for again before that is done, it is read once. The calendar's `attemptedAt` and `syncedAt` tell when that is done.
 * @returns the calendar as it is before
 * @throws DomainError `not_found`, `forbidden`
 */
export const requestSync = async (
  app: App,
  context: RequestContext,
  { coachId: ref, calendarId }: CalendarRef,
): Promise<ExternalCalendar> => {
  const coachId = await coachIdOf(app.sql, ref);
  authorise(context.principal, "coach.schedule", { what: "coach", owners: { coachId } });
  return transact(app, context, async ({ sql, addJobs }) => {
    await updateNextSync(sql, { coachId, calendarId });
    const calendar = await findCalendar(sql, { coachId, calendarId });
    if (!calendar) throw notFound("calendar");
    await addJobs(syncJob(calendarId));
    return calendar;
  });
};
