import { type Sql, findNow } from "../../db/client.ts";
import { listLaneTypes } from "../../db/session-types.ts";
import { type SlotRules, noRules } from "../../domain/calendar.ts";
import { invalid, notFound } from "../../domain/errors.ts";
import type { LaneTarget } from "../../domain/lane/request.ts";
import type { SessionType } from "../../domain/session-type.ts";
import type { SlotSource } from "../../domain/slots.ts";
import { type Stretch, type Timeline, timelineOf } from "../../domain/timeline.ts";
import { type Day, dayAt } from "../../domain/zone.ts";
import { busyTime, findSchedules, gridWindows } from "../calendars.ts";
import type { CalendarReader } from "./calendar-cache.ts";
import { type TargetInput, resolveTarget } from "../target.ts";

/** Whom slots are asked of, and by which type's rules. */
export type SlotSubject = {
  sql: Sql;
  calendars: CalendarReader;
  input: TargetInput & { sessionTypeId?: string | undefined };
};

/** Calendars as they are now, with nobody's lane locked: what they say may be another caller's a moment later. */
export type SlotCalendars = {
  now: number;
  target: LaneTarget;
  type: SessionType | null;
  rules: SlotRules;
  sources: SlotSource[];
  /** Coaches with a calendar elsewhere that could not be read for too long. */
  stale: string[];
  /** The zone of the coach; of a pool the one that most of its members live in. */
  timeZone: string;
};

/**
 * Reads the calendars of a coach, or of a pool's members, for the sessions that start in a stretch.
 * @param stretchOf the stretch, once the type is known
 * @throws DomainError `not_found`, `invalid_request` for a type that is not offered there
 */
export const readSlotCalendars = async (
  { sql, calendars, input }: SlotSubject,
  stretchOf: (known: { type: SessionType | null; timeZone: string }) => Stretch,
): Promise<SlotCalendars> => {
  const { target, coachIds } = await resolveTarget(sql, input);
  const [schedules, types, at] = await Promise.all([
    findSchedules(sql, coachIds),
    input.sessionTypeId === undefined ? [] : listLaneTypes(sql, [input.sessionTypeId]),
    findNow(sql),
  ]);
  const [found] = types;
  if (schedules.size === 0) throw notFound("coach");
  if (input.sessionTypeId !== undefined && !found) throw notFound("session type");
  const offered =
    !found ||
    (target.poolId === undefined
      ? found.offeringCoachIds.has(target.coachId)
      : found.type.poolIds.includes(target.poolId));
  if (!offered) throw invalid("sessionTypeId", "is not offered here");
  const type = found?.type ?? null;
  const rules = type ?? noRules;
  const timeZone = mostCommon([...schedules.values()].map((schedule) => schedule.timeZone));
  const asked = stretchOf({ type, timeZone });
  const stretch = wholeDays({
    start: asked.start - rules.bufferBeforeMinutes * 60_000,
    end: asked.end + rules.bufferAfterMinutes * 60_000,
  });
  const now = at.getTime();
  const ranges = [...schedules.keys()].map((coachId) => ({ coachId, ...stretch }));
  const taken = await calendars.read(ranges);
  const sources = coachIds.flatMap((id): SlotSource[] => {
    const schedule = schedules.get(id);
    if (!schedule) return [];
    const windows = gridWindows(schedule, [asked]);
    const calendar = {
      coach: schedule,
      windows: schedule.availability && timelineOf(windows),
      busy: busyTime(schedule, taken.get(id)?.busy ?? nothing, now),
      claimed: taken.get(id)?.claimed ?? nothing,
      startsByDay:
        schedule.dailyLimit === null
          ? new Map<Day, number>()
          : byDay(taken.get(id)?.starts ?? [], schedule.timeZone),
    };
    return [{ calendar, windows }];
  });
  const stale = [...schedules.values()].filter((schedule) => schedule.stale === true).map(({ id }) => id);
  return { now, target, type, rules, sources, stale, timeZone };
};

/** Widened to whole days, so that those who ask "from now on" ask for what the reader knows. */
const wholeDays = ({ start, end }: Stretch): Stretch => ({
  start: Math.floor(start / dayMs) * dayMs,
  end: Math.ceil(end / dayMs) * dayMs,
});

const dayMs = 24 * 60 * 60_000;
const nothing: Timeline = { starts: [], ends: [] };

const byDay = (starts: readonly number[], timeZone: string): Map<Day, number> => {
  const counts = new Map<Day, number>();
  for (const start of starts) {
    const day = dayAt(timeZone, start);
    counts.set(day, (counts.get(day) ?? 0) + 1);
  }
  return counts;
};

const mostCommon = (zones: readonly string[]): string => {
  const byZone = [...Map.groupBy(zones, (zone) => zone)].sort(
    (a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1),
  );
  return byZone[0]?.[0] ?? "UTC";
};
