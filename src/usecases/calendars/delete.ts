import { type CalendarRef, deleteCalendar as deleteCalendarRow, findCalendar } from "../../db/calendars.ts";
import { lockNames } from "../../db/locks.ts";
import { authorise } from "../../domain/access.ts";
import { notFound } from "../../domain/errors.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { laneOfCoach } from "../lanes/job.ts";
import { coachIdOf } from "../references.ts";
import { assertVersion, transact } from "../transaction.ts";

/**
 * Ends a subscription. The time that the calendar kept busy is free again, for whatever the coach's lane decides next.
 * @throws DomainError `not_found`, `forbidden`, `version_mismatch`
 */
export const deleteCalendar = async (
  app: App,
  context: RequestContext,
  { coachId: ref, calendarId }: CalendarRef,
): Promise<null> => {
  const coachId = await coachIdOf(app.sql, ref);
  authorise(context.principal, "coach.schedule", { what: "coach", owners: { coachId } });
  return transact(app, context, async ({ sql }) => {
    await lockNames(sql, [laneOfCoach(coachId)]);
    const calendar = await findCalendar(sql, { coachId, calendarId });
    if (!calendar) throw notFound("calendar");
    assertVersion(context, calendar.version);
    await deleteCalendarRow(sql, calendarId);
    return null;
  });
};
