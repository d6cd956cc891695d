import { type FieldError, DomainError } from "./errors.ts";
import type { Stretch } from "./timeline.ts";
import { type Day, dayAt, dayOfDate, instantOf, weekdayOf } from "./zone.ts";

/** Local times of day, `HH:MM`; an end may be `24:00`. */
export type LocalWindow = { start: string; end: string };

/** When a coach works, on the clocks of their zone. An override replaces its day; without windows it is a day off. */
export type Availability = {
  rules: readonly (LocalWindow & { weekday: number })[];
  overrides: readonly { date: string; windows: readonly LocalWindow[] }[];
};

/** Availability that is ready to be laid on days: minutes after midnight, by weekday and by day. */
type Plan = { byWeekday: Map<number, Minutes[]>; byDay: Map<Day, Minutes[]> };
type Minutes = { start: number; end: number };

const wholeDay: readonly Minutes[] = [{ start: 0, end: 1440 }];

/**
 * The windows in which a coach works, each as instants, in order; those of every local day that `[from, to)`
 * touches, so they may reach beyond it. Null availability was never set: then every day is one whole window.
 * A window keeps its wall-clock ends when clocks change; one that falls into a gap entirely is none.
 */
export const windowsBetween = (
  availability: Availability | null,
  timeZone: string,
  { start: from, end: to }: Stretch,
): Stretch[] => {
  const plan = availability && planOf(availability);
  const windows: Stretch[] = [];
  const last = dayAt(timeZone, to - 1);
  for (let day = dayAt(timeZone, from); day <= last; day++) {
    const minutes = plan ? (plan.byDay.get(day) ?? plan.byWeekday.get(weekdayOf(day)) ?? []) : wholeDay;
    for (const window of minutes) {
      const start = instantOf(timeZone, day, window.start);
      const end = instantOf(timeZone, day, window.end);
      if (end > start) windows.push({ start, end });
    }
  }
  return windows;
};

const planOf = ({ rules, overrides }: Availability): Plan => {
  const byWeekday = new Map<number, Minutes[]>();
  for (const rule of rules) {
    const day = byWeekday.get(rule.weekday) ?? [];
    byWeekday.set(rule.weekday, day);
    day.push(minutesOf(rule));
  }
  for (const day of byWeekday.values()) day.sort((a, b) => a.start - b.start);
  const byDay = new Map(
    overrides.map(({ date, windows }) => [
      dayOfDate(date),
      windows.map(minutesOf).sort((a, b) => a.start - b.start),
    ]),
  );
  return { byWeekday, byDay };
};

const minutesOf = ({ start, end }: LocalWindow): Minutes => ({
  start: minutesAfterMidnight(start),
  end: minutesAfterMidnight(end),
});

/** Minutes after midnight of `HH:MM`. */
const minutesAfterMidnight = (time: string): number =>
  Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));

/**
 * Refuses availability that contradicts itself: an end that is not after its start, windows of one day that
 * overlap, a date that does not exist or stands twice.
 * @throws DomainError `invalid_request`, naming every field
 */
export const assertAvailability = ({ rules, overrides }: Availability): void => {
  const errors: FieldError[] = [];
  const byWeekday = Map.groupBy(
    rules.map((rule, index) => ({ ...rule, path: `rules.${index}` })),
    ({ weekday }) => weekday,
  );
  for (const day of byWeekday.values()) errors.push(...objections(day));
  const seen = new Set<Day>();
  for (const [index, { date, windows }] of overrides.entries()) {
    const day = dayOfDate(date);
    const path = `overrides.${index}`;
    if (Number.isNaN(day)) errors.push({ path: `${path}.date`, message: "is no date" });
    else if (seen.has(day)) errors.push({ path: `${path}.date`, message: "stands twice" });
    seen.add(day);
    errors.push(...objections(windows.map((window, at) => ({ ...window, path: `${path}.windows.${at}` }))));
  }
  if (errors.length === 0) return;
  const detail = errors.map(({ path, message }) => `${path}: ${message}`).join("; ");
  throw new DomainError("invalid", "invalid_request", detail, { facts: { errors } });
};

/** What is wrong with the windows of one day. */
const objections = (windows: readonly (LocalWindow & { path: string })[]): FieldError[] => {
  const errors: FieldError[] = [];
  let lastEnd = 0;
  for (const window of windows.toSorted((a, b) => (a.start < b.start ? -1 : 1))) {
    const { start, end } = minutesOf(window);
    if (end <= start) errors.push({ path: `${window.path}.end`, message: "must be after start" });
    else if (start < lastEnd)
      errors.push({ path: `${window.path}.start`, message: "overlaps another window of its day" });
    lastEnd = Math.max(lastEnd, end);
  }
  return errors;
};
