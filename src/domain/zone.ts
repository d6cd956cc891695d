import { Temporal } from "temporal-polyfill";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** How a zone's clocks run in one year of UTC, `[start, end)`: the offset at its start, and each change of it. */
type YearOfOffsets = {
  timeZone: string;
  start: number;
  end: number;
  startOffsetMs: number;
  changes: { at: number; offsetMs: number }[];
};

/** Zones by name, years by number. Bounded by both: names are checked, and callers' times lie in 2000..2200. */
const known = new Map<string, Map<number, YearOfOffsets>>();

/** The year that was asked for last: questions about one calendar come one after another. */
let last: YearOfOffsets | null = null;

/** Finding a zone's changes costs about a millisecond a year, and arithmetic with known ones some nanoseconds. */
const offsetsOf = (timeZone: string, instant: number): YearOfOffsets => {
  if (last && last.timeZone === timeZone && instant >= last.start && instant < last.end) return last;
  const year = new Date(instant).getUTCFullYear();
  const years = known.get(timeZone) ?? new Map<number, YearOfOffsets>();
  known.set(timeZone, years);
  last = years.get(year) ?? findOffsets(timeZone, year);
  years.set(year, last);
  return last;
};

const findOffsets = (timeZone: string, year: number): YearOfOffsets => {
  const start = Date.UTC(year, 0, 1);
  const end = Date.UTC(year + 1, 0, 1);
  let at = Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO(timeZone);
  const startOffsetMs = at.offsetNanoseconds / 1e6;
  const changes: YearOfOffsets["changes"] = [];
  for (;;) {
    const next = at.getTimeZoneTransition("next");
    if (!next || next.epochMilliseconds >= end) return { timeZone, start, end, startOffsetMs, changes };
    changes.push({ at: next.epochMilliseconds, offsetMs: next.offsetNanoseconds / 1e6 });
    at = next;
  }
};

/** How far the zone's clocks are ahead of UTC at an instant, in milliseconds. */
const offsetAt = (timeZone: string, instant: number): number => {
  const { startOffsetMs, changes } = offsetsOf(timeZone, instant);
  let offset = startOffsetMs;
  for (const change of changes) {
    if (change.at > instant) break;
    offset = change.offsetMs;
  }
  return offset;
};

/** Looks up a first zone: it takes some 50 ms, which the start of a hub can spare better than its first caller. */
export const warmUpZones = (now: number): void => void offsetAt("Europe/Berlin", now);

/** A calendar day without a zone, as the number of days since 1970-01-01. */
export type Day = number;

/** The local day of an instant (milliseconds since 1970 in UTC). */
export const dayAt = (timeZone: string, instant: number): Day =>
  Math.floor((instant + offsetAt(timeZone, instant)) / dayMs);

/** The day of an ISO date such as `2030-01-07`; NaN for one that does not exist. */
export const dayOfDate = (date: string): Day => {
  const at = Date.parse(`${date}T00:00:00Z`);
  // Date.parse takes February 30 for March 2.
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== date ? Number.NaN : at / dayMs;
};

/** 1 = Monday … 7 = Sunday. Day 0 was a Thursday. */
export const weekdayOf = (day: Day): number => ((((day + 3) % 7) + 7) % 7) + 1;

/**
 * The instant at which a zone's clocks show a time of day (minutes after midnight, 1440 is the next midnight); see
 * {@link instantOfWall}.
 */
export const instantOf = (timeZone: string, day: Day, minutes: number): number =>
  instantOfWall((instant) => offsetAt(timeZone, instant), day * dayMs + minutes * minuteMs);

/** The same for a time in milliseconds since 1970 as if the zone's clocks were UTC's. */
export const instantInZone = (timeZone: string, wall: number): number =>
  instantOfWall((instant) => offsetAt(timeZone, instant), wall);

/**
 * The instant at which clocks show a time, given how far they are ahead of UTC at any instant. A time that does not
 * exist moves forward by the gap; one that exists twice is the earlier, as RFC 5545 has it and Temporal's "compatible".
 */
export const instantOfWall = (offsetAt: (instant: number) => number, wall: number): number => {
  const before = offsetAt(wall - dayMs);
  const after = offsetAt(wall + dayMs);
  if (before === after) return wall - before;
  const early = wall - before;
  const late = wall - after;
  // Under the offset from before the change, unless the clocks had already been moved by then.
  if (offsetAt(early) === before) return early;
  return offsetAt(late) === after ? late : early;
};

/** An instant as RFC 3339 has it, on the clocks of a zone; to the second, and with the zone's offset. */
export const formatInstant = (timeZone: string, instant: number): string => {
  const offset = offsetAt(timeZone, instant);
  const local = new Date(instant + offset).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const minutes = Math.abs(Math.round(offset / minuteMs));
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${local}${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
};
