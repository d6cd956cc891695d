import type { Clock, Clocks } from "./clocks.ts";
import { utcClock } from "./clocks.ts";
import type { FeedPart } from "./parts.ts";
import {
  type Property,
  type ReadRule,
  UnreadablePart,
  lengthOf,
  paramOf,
  propertiesOf,
  propertyOf,
  ruleOf,
  textOf,
  textOrNone,
  writtenOf,
} from "./values.ts";

/** A time in a feed, on the clock that it is meant by. */
export type Moment = { wall: number; isDate: boolean; isUtc: boolean; clock: Clock };

/** How long an event lasts: until when, given the wall and the instant of a start, in milliseconds. */
export type Extent = {
  endOf: (wall: number, instant: number) => number;
  /** Not shorter than it lasts on any clock. */
  atMostMs: number;
};

/** An event of a feed, as far as it says when somebody is busy. */
export type FeedEvent = {
  uid: string;
  start: Moment;
  extent: Extent;
  /** True for one that was cancelled, or that leaves its time free. */
  free: boolean;
  rules: ReadRule[];
  added: { start: Moment; extent: Extent | null }[];
  excluded: Moment[];
  /** Which occurrence this one stands for, and whether for all after it as well. */
  replaces: { moment: Moment; andFuture: boolean } | null;
};

/** What the times of a calendar are read by. */
export type Reader = {
  clocks: Clocks;
  /** The coach's, for days and for times without a zone. */
  ownClock: Clock;
};

const dayMs = 24 * 60 * 60_000;

/** Characters of an event that matter: some ten thousand exceptions to its rule. */
const maxEventLength = 256 * 1024;

/** The moments that a line names. */
const momentsOf = ({ params, values }: Property, reader: Reader): Moment[] =>
  values.map((value) => momentOf(value, params, reader));

const momentOf = (value: unknown, params: Property["params"], { clocks, ownClock }: Reader): Moment => {
  const written = writtenOf(value);
  if (written.isUtc) return { ...written, clock: utcClock };
  const zoneId = params["tzid"];
  if (written.isDate || typeof zoneId !== "string") return { ...written, clock: ownClock };
  // What nobody knows is most likely meant as the coach's own; to leave it out would sell the time twice.
  return { ...written, clock: clocks(zoneId.trim()) ?? ownClock };
};

/**
 * Reads an event.
 * @returns null for one without a start, which takes no time
 * @throws UnreadablePart
 */
export const eventOf = ({ lines }: FeedPart, reader: Reader): FeedEvent | null => {
  if (lines.reduce((sum, line) => sum + line.length, 0) > maxEventLength)
    throw new UnreadablePart("an event is too long");
  const replacesLine = propertyOf(lines, "RECURRENCE-ID");
  // Of an occurrence that was cancelled some say only which it was.
  const startLine = propertyOf(lines, "DTSTART") ?? (isFree(lines) ? replacesLine : null);
  if (!startLine) return null;
  const [start] = momentsOf(startLine, reader);
  if (!start) throw new UnreadablePart("an event has no start");
  const [replaced] = replacesLine ? momentsOf(replacesLine, reader) : [];
  return {
    uid: uidOf(lines),
    start,
    extent: extentOf(lines, start, reader),
    free: isFree(lines),
    rules: propertiesOf(lines, "RRULE").map(({ values }) => ruleOf(values[0])),
    added: propertiesOf(lines, "RDATE").flatMap((line) => addedOf(line, reader)),
    excluded: propertiesOf(lines, "EXDATE").flatMap((line) => momentsOf(line, reader)),
    replaces: replaced
      ? {
          moment: replaced,
          andFuture: paramOf(replacesLine?.params ?? {}, "range") === "THISANDFUTURE",
        }
      : null,
  };
};

/** As it can be stored; empty for an event that has none. */
export const uidOf = (lines: readonly string[]): string =>
  textOrNone(lines, "UID")
    .replaceAll(/\p{Cc}/gu, "")
    .slice(0, 500)
    .toWellFormed();

const isFree = (lines: readonly string[]): boolean =>
  textOf(lines, "STATUS").toUpperCase() === "CANCELLED" ||
  textOf(lines, "TRANSP").toUpperCase() === "TRANSPARENT" ||
  textOf(lines, "X-MICROSOFT-CDO-BUSYSTATUS").toUpperCase() === "FREE";

/**
 * How long an event lasts. One that ends by the clock does so on every day that it repeats on, so that one from ten in
 * the evening to six ends at six on the night on which clocks change too.
 */
const extentOf = (lines: readonly string[], start: Moment, reader: Reader): Extent => {
  const endLine = propertyOf(lines, "DTEND");
  if (endLine) {
    const [end] = momentsOf(endLine, reader);
    if (!end) throw new UnreadablePart("an event has no end");
    return endingAt(start, end);
  }
  const durationLine = propertyOf(lines, "DURATION");
  if (durationLine) return lasting(durationLine.values[0], start.clock);
  return wallExtent(start.isDate ? dayMs : 0, start.clock);
};

const wallExtent = (wallMs: number, clock: Clock): Extent => ({
  endOf: (wall, instant) => {
    const end = clock(wall + wallMs);
    // A start that the clocks skip moves on, maybe past its end: to let it vanish would sell the time twice.
    return wallMs > 0 && end <= instant ? instant + wallMs : end;
  },
  // Clocks are up to a day apart.
  atMostMs: Math.max(0, wallMs) + 2 * dayMs,
});

const endingAt = (start: Moment, end: Moment): Extent => {
  const wallMs = end.wall - start.wall;
  // Some write the last day of an event where the day after it is meant.
  const isSameDay = start.isDate && end.isDate && wallMs === 0;
  return wallExtent(isSameDay ? dayMs : wallMs, end.clock);
};

const lasting = (value: unknown, clock: Clock): Extent => {
  const { days, ms } = lengthOf(value);
  return {
    endOf: (wall, instant) => (days === 0 ? instant : clock(wall + days * dayMs)) + ms,
    atMostMs: days * dayMs + ms + 2 * dayMs,
  };
};

/** What an RDATE adds: times, or periods that last as long as they say. */
const addedOf = ({ params, values }: Property, reader: Reader): FeedEvent["added"] =>
  values.map((value) => {
    if (!Array.isArray(value)) return { start: momentOf(value, params, reader), extent: null };
    return periodOf(value, params, reader);
  });

/** A period: its start and its end, or its start and how long it lasts. */
export const periodOf = (
  value: unknown,
  params: Property["params"],
  reader: Reader,
): { start: Moment; extent: Extent } => {
  if (!Array.isArray(value)) throw new UnreadablePart("a period cannot be read");
  const [from, to] = value as unknown[];
  const start = momentOf(from, params, reader);
  const isLength = typeof to === "string" && /^[+-]?P/.test(to);
  return {
    start,
    extent: isLength ? lasting(to, start.clock) : endingAt(start, momentOf(to, params, reader)),
  };
};
