import ICAL from "ical.js";
import type { Frequency, RecurrenceRule } from "../../../domain/recurrence.ts";
import { dayOfDate } from "../../../domain/zone.ts";

/** A line of a feed, as ical.js reads it. */
export type Property = {
  /** By lower-case name. */
  params: Readonly<Record<string, unknown>>;
  /** As jCal has them (RFC 7265). */
  values: readonly unknown[];
};

/** A part of a feed that makes no sense; what it belongs to is passed over. */
export class UnreadablePart extends Error {}

/** The lines of a name. Their values are such as do not know upper from lower case; see {@link textOf} for others. */
export const propertiesOf = (lines: readonly string[], name: string): Property[] =>
  lines.filter((line) => isNamed(line, name)).map(readProperty);

/** The first line of a name, or null. */
export const propertyOf = (lines: readonly string[], name: string): Property | null => {
  const line = lines.find((one) => isNamed(one, name));
  return line === undefined ? null : readProperty(line);
};

/** The text of the first line of a name; empty without one. */
export const textOf = (lines: readonly string[], name: string): string => {
  const line = lines.find((one) => isNamed(one, name));
  if (line === undefined) return "";
  const [value] = parseLine(line).values;
  return typeof value === "string" ? value.trim() : "";
};

/** The same, and empty for one that cannot be read as well. */
export const textOrNone = (lines: readonly string[], name: string): string => {
  try {
    return textOf(lines, name);
  } catch (error) {
    if (error instanceof UnreadablePart) return "";
    throw error;
  }
};

/** A parameter whose values do not know upper from lower case, in upper case; empty without one. */
export const paramOf = (params: Property["params"], name: string): string => {
  const value = params[name];
  return typeof value === "string" ? value.toUpperCase() : "";
};

const isNamed = (line: string, name: string): boolean =>
  (line[name.length] === ":" || line[name.length] === ";") &&
  line.slice(0, name.length).toUpperCase() === name;

const readProperty = (line: string): Property => {
  // None of these values has a colon, while a parameter before it may.
  const colon = line.lastIndexOf(":");
  return parseLine(line.slice(0, colon) + line.slice(colon).toUpperCase().trimEnd());
};

/** ical.js took two minutes to read a line of a million parameters: what it takes grows with the square. */
const maxLineLength = 32 * 1024;

const parseLine = (line: string): Property => {
  if (line.length > maxLineLength) throw new UnreadablePart("a line is too long");
  try {
    const [, params, , ...values] = ICAL.parse.property(line) as [string, Property["params"], string];
    return { params, values };
  } catch (cause) {
    throw new UnreadablePart("a line cannot be read", { cause });
  }
};

/** A date or a time as a feed writes it, not yet on anybody's clock. */
export type Written = {
  /** Milliseconds since 1970 as if its clock were UTC's. */
  wall: number;
  isDate: boolean;
  isUtc: boolean;
};

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** Reads a jCal date or time; some feeds leave out seconds, or write a date without saying that it is one. */
export const writtenOf = (value: unknown): Written => {
  const match =
    typeof value === "string" &&
    /^(\d{4}-\d\d-\d\d)(?:T::|T(\d\d):(\d\d):(\d\d)?(Z)?)?$/.exec(value.replace(/T24:00:00/, "T23:59:60"));
  if (!match) throw new UnreadablePart("a time cannot be read");
  const [, date = "", hour, minute, second = "0", utc] = match;
  const day = dayOfDate(date);
  if (Number.isNaN(day)) throw new UnreadablePart("a date does not exist");
  if (hour === undefined) return { wall: day * dayMs, isDate: true, isUtc: false };
  const [h, m, s] = [Number(hour), Number(minute), Number(second)];
  if (h > 23 || m > 59 || s > 60) throw new UnreadablePart("a time does not exist");
  return { wall: day * dayMs + (h * 60 + m) * minuteMs + s * 1000, isDate: false, isUtc: utc !== undefined };
};

/** A length: days follow the clocks, so that a day may last 23 hours; the rest is elapsed time. */
export type Length = { days: number; ms: number };

/** Reads a jCal duration; one that goes backwards is none. */
export const lengthOf = (value: unknown): Length => {
  const matched =
    typeof value === "string" &&
    /^[+]?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(value);
  if (!matched) throw new UnreadablePart("a duration cannot be read");
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = matched
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0));
  const length = { days: weeks * 7 + days, ms: ((hours * 60 + minutes) * 60 + seconds) * 1000 };
  if (length.days * dayMs + length.ms > maxLengthMs) throw new UnreadablePart("a duration is too long");
  return length;
};

const maxLengthMs = 100 * 366 * dayMs;

/** Seconds east of UTC, in milliseconds, from a jCal offset such as `+01:00`. */
export const offsetOf = (value: unknown): number => {
  const match = typeof value === "string" && /^([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(value);
  if (!match) throw new UnreadablePart("an offset cannot be read");
  const [, sign, hours, minutes, seconds = "0"] = match;
  const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
  if (ms > dayMs) throw new UnreadablePart("an offset is too large");
  return sign === "-" ? -ms : ms;
};

/** A rule with its end; null for one that has none but its count. */
export type ReadRule = { rule: RecurrenceRule; until: Written | null };

const maxInterval = 100_000;
const weekdays = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/** Reads a jCal recurrence rule. */
export const ruleOf = (value: unknown): ReadRule => {
  if (typeof value !== "object" || value === null) throw new UnreadablePart("a rule cannot be read");
  const parts = value as Record<string, unknown>;
  const listOf = (name: string): unknown[] => {
    const part = parts[name];
    return part === undefined ? [] : Array.isArray(part) ? (part as unknown[]) : [part];
  };
  const numbers = (name: string): number[] => listOf(name).map(Number);
  if (parts["freq"] === undefined || (parts["rscale"] ?? "GREGORIAN") !== "GREGORIAN")
    throw new UnreadablePart("a rule cannot be read");
  const count = Number(parts["count"] ?? 0);
  // ical.js counts weekdays from Sunday, as 1.
  const weekStart = ((Number(parts["wkst"] ?? 2) + 5) % 7) + 1;
  return {
    rule: {
      frequency: parts["freq"] as Frequency,
      interval: Math.min(Number(parts["interval"] ?? 1), maxInterval),
      count: count > 0 ? count : null,
      weekStart,
      byMonth: numbers("bymonth"),
      byWeekNumber: numbers("byweekno"),
      byYearDay: numbers("byyearday"),
      byMonthDay: numbers("bymonthday"),
      byWeekday: listOf("byday").map(weekdayOf),
      byHour: numbers("byhour"),
      byMinute: numbers("byminute"),
      bySecond: numbers("bysecond"),
      bySetPosition: numbers("bysetpos"),
    },
    until: parts["until"] === undefined ? null : writtenOf(parts["until"]),
  };
};

const weekdayOf = (value: unknown): { weekday: number; nth: number } => {
  const match = typeof value === "string" && /^([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)$/.exec(value);
  if (!match) throw new UnreadablePart("a weekday cannot be read");
  return { weekday: weekdays.indexOf(match[2] ?? "") + 1, nth: Number(match[1] ?? 0) };
};
