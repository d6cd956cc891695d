import { listBusyPeriods } from "../db/busy-periods.ts";
import type { CoachRange } from "../db/claims.ts";
import type { Sql } from "../db/client.ts";
import { type CoachSchedule, listCoachSchedules } from "../db/coaches.ts";
import { windowsBetween } from "../domain/availability.ts";
import { calendarHorizonDays, calendarStaleMinutes } from "../domain/external-calendar.ts";
import { type Stretch, type Timeline, timelineOf } from "../domain/timeline.ts";
import { dayAt, instantOf } from "../domain/zone.ts";

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
 * When calendars elsewhere say that coaches are busy. A coach who would rather not be booked than be booked twice
 * (`fail_closed`) is busy for as far ahead as a calendar that cannot be read would have told.
 */
export const findBusyTime = async (
  sql: Sql,
  schedules: ReadonlyMap<string, CoachSchedule>,
  { ranges, now }: { ranges: readonly CoachRange[]; now: number },
): Promise<Map<string, Stretch[]>> => {
  const withCalendar = [...schedules.values()].filter(({ stale }) => stale !== null);
  if (withCalendar.length === 0) return new Map();
  const ids = new Set(withCalendar.map(({ id }) => id));
  const busy = await listBusyPeriods(
    sql,
    ranges.filter(({ coachId }) => ids.has(coachId)),
  );
  for (const { id, stale, calendarPolicy } of withCalendar) {
    if (!stale || calendarPolicy !== "fail_closed") continue;
    const unknown = { start: now, end: now + calendarHorizonDays * 24 * 60 * 60_000 };
    busy.set(id, [...(busy.get(id) ?? []), unknown]);
  }
  return busy;
};

/** A stretch, and with a daily limit the whole local days that it touches, whose sessions count. */
export const withDays = ({ dailyLimit, timeZone }: CoachSchedule, { start, end }: Stretch): Stretch =>
  dailyLimit === null
    ? { start, end }
    : {
        start: Math.min(start, instantOf(timeZone, dayAt(timeZone, start), 0)),
        end: Math.max(end, instantOf(timeZone, dayAt(timeZone, end), 24 * 60)),
      };
