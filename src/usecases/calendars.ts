import type { Sql } from "../db/client.ts";
import { type CoachSchedule, listCoachSchedules } from "../db/coaches.ts";
import { windowsBetween } from "../domain/availability.ts";
import { calendarHorizonDays, calendarStaleMinutes } from "../domain/external-calendar.ts";
import { type Stretch, type Timeline, timelineOf } from "../domain/timeline.ts";

export const findSchedules = async (
  sql: Sql,
  coachIds: readonly string[],
): Promise<Map<string, CoachSchedule>> => {
  if (coachIds.length === 0) return new Map();
  const schedules = await listCoachSchedules(sql, coachIds, calendarStaleMinutes);
  return new Map(schedules.map((schedule) => [schedule.id, schedule]));
};

/** The windows in which a coach works around these stretches, as they stand; null is always. */
export const gridWindows = (
  { availability, timeZone }: CoachSchedule,
  stretches: readonly Stretch[],
): Stretch[] => stretches.flatMap((stretch) => windowsBetween(availability, timeZone, stretch));

/** The same for the evaluator: null for a coach who can be booked at any time. */
export const workingTime = (schedule: CoachSchedule, stretches: readonly Stretch[]): Timeline | null =>
  schedule.availability && timelineOf(gridWindows(schedule, stretches));

/**
 * When a coach is busy elsewhere, given what calendars there say. One who would rather not be booked than be booked
 * twice (`fail_closed`) is busy for as far ahead as a calendar that cannot be read would have told.
 */
export const busyTime = ({ stale, calendarPolicy }: CoachSchedule, said: Timeline, now: number): Timeline => {
  if (!stale || calendarPolicy !== "fail_closed") return said;
  const unknown = { start: now, end: now + calendarHorizonDays * 24 * 60 * 60_000 };
  return timelineOf([
    ...said.starts.map((start, index) => ({ start, end: said.ends[index] ?? start })),
    unknown,
  ]);
};
