import { TooMuchWork, type Work, spend, wallsOf, withPart } from "../../../domain/recurrence.ts";
import { isTimeZone } from "../../../domain/time.ts";
import { zoneOfWindows } from "../../../domain/windows-zones.ts";
import { instantInZone, instantOfWall } from "../../../domain/zone.ts";
import type { FeedPart } from "./parts.ts";
import {
  UnreadablePart,
  offsetOf,
  propertiesOf,
  propertyOf,
  ruleOf,
  textOrNone,
  writtenOf,
} from "./values.ts";

/** Turns a time without a zone (milliseconds as if its clock were UTC's) into an instant. */
export type Clock = (wall: number) => number;

const earliestWall = Date.UTC(2000, 0, 1);
const latestWall = Date.UTC(2200, 0, 1);

/**
 * One outside of the years that callers may ask about is taken for the first or the last of them, which bounds what has
 * to be known of zones, and what has to be stored.
 */
const boundedWall = (wall: number): number => Math.min(Math.max(wall, earliestWall), latestWall);

/** Steps that it counts for to look at a clock in a year for the first time, and to find out what a zone's name means. */
const yearSteps = 10_000;
const zoneSteps = 2_000;

const yearMs = 365 * 24 * 60 * 60_000;

/** A clock for walls that a feed may have set to any year; each year of it is paid for once. */
export const boundedClock = (clock: Clock, work: Work): Clock => {
  const years = new Set<number>();
  return (wall) => {
    const bounded = boundedWall(wall);
    const year = Math.floor(bounded / yearMs);
    if (!years.has(year)) {
      spend(work, yearSteps);
      years.add(year);
    }
    return clock(bounded);
  };
};

export const utcClock: Clock = boundedWall;

/** The stretch of a feed that matters, in milliseconds. */
export type FeedWindow = { from: number; to: number };

/** Finds the clock of a TZID; null where nobody can say what it means. */
export type Clocks = (zoneId: string) => Clock | null;

/**
 * The clocks of one calendar. A name that the world knows is read as the world knows it, since calendars' own
 * definitions are often cut to the rules of one year: a name of the IANA database, also at the end of a path as
 * Evolution and old Mozilla write it, or one of Windows. Any other means what the calendar says it does.
 */
export const clocksOf = (
  calendar: FeedPart,
  { window, work }: { window: FeedWindow; work: Work },
): Clocks => {
  const definitions = new Map(
    calendar.parts
      .filter(({ name }) => name === "VTIMEZONE")
      .map((part): [string, FeedPart] => [textOrNone(part.lines, "TZID"), part]),
  );
  const known = new Map<string, Clock | null>();
  const find = (zoneId: string): Clock | null => {
    const definition = definitions.get(zoneId);
    const zone =
      knownZone(zoneId) ?? knownZone(definition ? textOrNone(definition.lines, "X-LIC-LOCATION") : "");
    if (zone !== null) return (wall) => instantInZone(zone, wall);
    const defined = definition ? definedClock(definition, { window, work }) : null;
    if (defined) return defined;
    const abbreviation = canonicalZone(zoneId);
    return abbreviation === null ? null : (wall) => instantInZone(abbreviation, wall);
  };
  return (zoneId) => {
    const before = known.get(zoneId);
    if (before !== undefined) return before;
    spend(work, zoneSteps);
    const found = find(zoneId);
    const clock = found && boundedClock(found, work);
    known.set(zoneId, clock);
    return clock;
  };
};

/** The name of the IANA database that a zone's name stands for beyond doubt. */
const knownZone = (zoneId: string): string | null => {
  const parts = zoneId.split("/").filter((part) => part !== "");
  const names = [zoneId, parts.slice(-2).join("/"), parts.slice(-3).join("/")];
  // Abbreviations such as EST mean one offset for ever to the database, and a place to whoever wrote them: what the
  // calendar says of them comes first.
  const plain = names.filter((name) => name.includes("/") || /^(?:UTC|GMT)$/i.test(name));
  const windows = zoneOfWindows(zoneId);
  return (
    [...plain, ...(windows === null ? [] : [windows])].map(canonicalZone).find((zone) => zone !== null) ??
    null
  );
};

/** One spelling for each zone of the database, as this runtime has it: what is known of zones is kept by their names. */
const canonicalZone = (name: string): string | null =>
  name.length <= 200 && isTimeZone(name)
    ? new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone
    : null;

/** From then on clocks are so far ahead of UTC, in milliseconds. */
type Onset = { at: number; offsetMs: number };

/** What one definition may take. */
const definitionSteps = 400_000;

const dayMs = 24 * 60 * 60_000;
/** Longer than from one change of clocks to the next of its kind. */
const marginMs = 800 * dayMs;

/** A clock as a VTIMEZONE defines it, true around the window; null for a definition that cannot be read. */
const definedClock = (
  definition: FeedPart,
  { window, work }: { window: FeedWindow; work: Work },
): Clock | null => {
  try {
    const onsets = withPart(work, definitionSteps, (part) =>
      definition.parts.flatMap((one) => onsetsOf(one, { window, work: part })),
    ).toSorted((a, b) => a.at - b.at);
    if (onsets.length === 0) return null;
    return (wall) => instantOfWall((instant) => offsetIn(onsets, instant), wall);
  } catch (error) {
    if (error instanceof UnreadablePart || error instanceof TooMuchWork) return null;
    throw error;
  }
};

/** The offset by the last onset until an instant, or the first of all. A feed may name many: halves what is left. */
const offsetIn = (onsets: readonly Onset[], instant: number): number => {
  let low = 0;
  let high = onsets.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((onsets[middle]?.at ?? 0) <= instant) low = middle;
    else high = middle;
  }
  return onsets[low]?.offsetMs ?? 0;
};

/** Steps that a named onset counts for. */
const onsetSteps = 20;

const onsetsOf = ({ lines }: FeedPart, { window, work }: { window: FeedWindow; work: Work }): Onset[] => {
  const before = offsetOf(propertyOf(lines, "TZOFFSETFROM")?.values[0]);
  const offsetMs = offsetOf(propertyOf(lines, "TZOFFSETTO")?.values[0]);
  const start = writtenOf(propertyOf(lines, "DTSTART")?.values[0]).wall;
  const walls = [start];
  for (const { values } of propertiesOf(lines, "RDATE")) {
    spend(work, values.length * onsetSteps);
    for (const value of values) walls.push(writtenOf(value).wall);
  }
  const [line] = propertiesOf(lines, "RRULE");
  if (line) {
    const { rule, until } = ruleOf(line.values[0]);
    const end = until ? until.wall + (until.isUtc ? before : 0) : Number.POSITIVE_INFINITY;
    // Where the rule has ended, its last onsets are those that still hold.
    const range = {
      from: Math.min(window.from, end) - marginMs,
      to: Math.min(window.to + marginMs, end + 1),
    };
    walls.push(...wallsOf({ start, rule }, range, work));
  }
  return walls.map((wall) => ({ at: wall - before, offsetMs }));
};
