import { type Day, weekdayOf } from "./zone.ts";

export type Frequency = "SECONDLY" | "MINUTELY" | "HOURLY" | "DAILY" | "WEEKLY" | "MONTHLY" | "YEARLY";

/** A recurrence rule of RFC 5545, without its UNTIL. Empty lists stand for parts that are not given. */
export type RecurrenceRule = {
  frequency: Frequency;
  interval: number;
  /** How often it happens in all, the start included; null is for ever. */
  count: number | null;
  /** The weekday that weeks begin with, 1 = Monday. */
  weekStart: number;
  byMonth: readonly number[];
  byWeekNumber: readonly number[];
  byYearDay: readonly number[];
  byMonthDay: readonly number[];
  /** `nth` of the month or year, from its end where negative; 0 is every one. */
  byWeekday: readonly { weekday: number; nth: number }[];
  byHour: readonly number[];
  byMinute: readonly number[];
  bySecond: readonly number[];
  bySetPosition: readonly number[];
};

/** How much work is left, in steps of about a tenth of a microsecond. What a feed asks for is not bounded by its size. */
export type Work = { left: number };

/** A rule asks for more work than it was given. */
export class TooMuchWork extends Error {
  constructor() {
    super("a recurrence rule asks for too much work");
    this.name = "TooMuchWork";
  }
}

export const spend = (work: Work, steps: number): void => {
  work.left -= steps;
  if (work.left < 0) throw new TooMuchWork();
};

/**
 * Runs `run` with a part of some work, and takes what it used from the whole.
 * @throws TooMuchWork when that part was not enough
 */
export const withPart = <T>(whole: Work, steps: number, run: (part: Work) => T): T => {
  const given = Math.min(steps, whole.left);
  const part = { left: given };
  try {
    return run(part);
  } finally {
    whole.left -= given - Math.max(0, part.left);
  }
};

/** A start that repeats by a rule; walls are times without a zone, in milliseconds as if their clock were UTC's. */
export type Recurrence = { start: number; rule: RecurrenceRule };

/**
 * When something that repeats happens, as walls in `[from, to)` and in order. The start always counts, as the first,
 * whether the rule would name it or not. Own arithmetic, held against ical.js by a property test: that one never
 * returns from a rule that names no day (`FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30`), and walks every day since the start.
 * @throws TooMuchWork
 */
export function* wallsOf(
  { start, rule }: Recurrence,
  { from, to }: { from: number; to: number },
  work: Work,
): Generator<number> {
  if (start >= from && start < to) yield start;
  let left = rule.count === null ? Number.POSITIVE_INFINITY : rule.count - 1;
  if (left <= 0) return;
  const filled = fillIn(rule, start);
  const periods = periodsOf(filled, start);
  // One with a count has to be counted from its start; any other begins where somebody looks.
  for (let index = rule.count === null ? periods.indexBefore(from) : 0; ; index++) {
    spend(work, periodSteps);
    if (periods.beginsAt(index) >= to) return;
    for (const wall of picked(periods.walls(index, work), rule.bySetPosition)) {
      if (wall <= start) continue;
      if (wall >= to) return;
      if (wall >= from) yield wall;
      left -= 1;
      if (left === 0) return;
    }
  }
}

/** What it costs to look at a period in which nothing happens. */
const periodSteps = 6;

const secondMs = 1_000;
const dayMs = 24 * 60 * 60_000;

/** What a rule leaves open is as it is at the start. */
const fillIn = (rule: RecurrenceRule, start: number): RecurrenceRule => {
  const { frequency } = rule;
  const at = new Date(start);
  const given = (part: readonly number[], fallback: number): readonly number[] =>
    part.length > 0 ? part : [fallback];
  const namesDays =
    rule.byYearDay.length + rule.byMonthDay.length + rule.byWeekday.length + rule.byWeekNumber.length > 0;
  const ownWeekday = [{ weekday: weekdayOf(Math.floor(start / dayMs)), nth: 0 }];
  const daysAsGiven: RecurrenceRule = { ...rule };
  if (!namesDays) {
    if (frequency === "YEARLY") daysAsGiven.byMonth = given(rule.byMonth, at.getUTCMonth() + 1);
    if (frequency === "YEARLY" || frequency === "MONTHLY") daysAsGiven.byMonthDay = [at.getUTCDate()];
    if (frequency === "WEEKLY") daysAsGiven.byWeekday = ownWeekday;
  } else if (
    rule.byWeekNumber.length > 0 &&
    rule.byWeekday.length + rule.byMonthDay.length + rule.byYearDay.length === 0
  ) {
    daysAsGiven.byWeekday = ownWeekday;
  }
  // Of a shorter period than the part, the part is a filter, and one that is not given lets everything pass.
  const rank = ranks[frequency];
  return {
    ...daysAsGiven,
    byHour: rank > ranks.HOURLY ? given(rule.byHour, at.getUTCHours()) : rule.byHour,
    byMinute: rank > ranks.MINUTELY ? given(rule.byMinute, at.getUTCMinutes()) : rule.byMinute,
    bySecond: rank > ranks.SECONDLY ? given(rule.bySecond, at.getUTCSeconds()) : rule.bySecond,
  };
};

const ranks: Record<Frequency, number> = {
  SECONDLY: 0,
  MINUTELY: 1,
  HOURLY: 2,
  DAILY: 3,
  WEEKLY: 4,
  MONTHLY: 5,
  YEARLY: 6,
};

/** The periods of a rule, by number: the one of the start is 0, those that the interval passes over have none. */
type Periods = {
  beginsAt(index: number): number;
  /** A period that is over by then, or the first one. */
  indexBefore(wall: number): number;
  /** What the rule names in a period, in order. */
  walls(index: number, work: Work): number[];
};

const periodsOf = (rule: RecurrenceRule, start: number): Periods => {
  const { frequency, interval } = rule;
  const startDay = Math.floor(start / dayMs);
  switch (frequency) {
    case "SECONDLY":
      return shortPeriods(rule, { start, lengthMs: secondMs });
    case "MINUTELY":
      return shortPeriods(rule, { start, lengthMs: 60 * secondMs });
    case "HOURLY":
      return shortPeriods(rule, { start, lengthMs: 3600 * secondMs });
    case "DAILY":
      return dayPeriods(rule, { firstDay: startDay, length: 1, step: interval });
    case "WEEKLY":
      return dayPeriods(rule, {
        firstDay: weekStartOf(startDay, rule.weekStart),
        length: 7,
        step: 7 * interval,
      });
    case "MONTHLY":
      return monthPeriods(rule, { start, step: interval, months: 1 });
    case "YEARLY":
      return monthPeriods(rule, { start, step: 12 * interval, months: 12 });
  }
};

/** Periods shorter than a day: an hour, a minute, a second. */
const shortPeriods = (
  rule: RecurrenceRule,
  { start, lengthMs }: { start: number; lengthMs: number },
): Periods => {
  const first = Math.floor(start / lengthMs) * lengthMs;
  const step = rule.interval * lengthMs;
  const minutes = lengthMs > 60 * secondMs ? rule.byMinute : [0];
  const seconds = lengthMs > secondMs ? rule.bySecond : [0];
  const passes = (part: readonly number[], value: number): boolean =>
    part.length === 0 || part.includes(value);
  return {
    beginsAt: (index) => first + index * step,
    indexBefore: (wall) => Math.max(0, Math.floor((wall - first) / step) - 1),
    walls: (index, work) => {
      const begin = first + index * step;
      const at = new Date(begin);
      const named =
        passes(rule.byHour, at.getUTCHours()) &&
        (lengthMs > 60 * secondMs || passes(rule.byMinute, at.getUTCMinutes())) &&
        (lengthMs > secondMs || passes(rule.bySecond, at.getUTCSeconds())) &&
        namesDay(rule, Math.floor(begin / dayMs), null);
      if (!named) return [];
      spend(work, minutes.length * seconds.length);
      return minutes
        .flatMap((minute) => seconds.map((second) => begin + (minute * 60 + second) * secondMs))
        .toSorted((a, b) => a - b);
    },
  };
};

/** Periods of whole days that are all of one length. */
const dayPeriods = (
  rule: RecurrenceRule,
  { firstDay, length, step }: { firstDay: Day; length: number; step: number },
): Periods => {
  const times = timesOf(rule);
  return {
    beginsAt: (index) => (firstDay + index * step) * dayMs,
    indexBefore: (wall) => Math.max(0, Math.floor((Math.floor(wall / dayMs) - firstDay) / step) - 1),
    walls: (index, work) => {
      const walls: number[] = [];
      const begin = firstDay + index * step;
      spend(work, length);
      for (let day = begin; day < begin + length; day++) {
        if (namesDay(rule, day, null)) addTimes(walls, { day, times, work });
      }
      return walls;
    },
  };
};

/** Months, or years as twelve of them. */
const monthPeriods = (
  rule: RecurrenceRule,
  { start, step, months }: { start: number; step: number; months: number },
): Periods => {
  const times = timesOf(rule);
  const at = new Date(start);
  /** Months since the year 0. */
  const first = at.getUTCFullYear() * 12 + (months === 12 ? 0 : at.getUTCMonth());
  // In a year, a weekday is counted within the months that are named, or within all of it.
  const countsInMonth = months === 1 || rule.byMonth.length > 0;
  return {
    beginsAt: (index) => firstOfMonth(first + index * step) * dayMs,
    indexBefore: (wall) => {
      const then = new Date(wall);
      const month = then.getUTCFullYear() * 12 + then.getUTCMonth();
      return Math.max(0, Math.floor((month - first) / step) - 1);
    },
    walls: (index, work) => {
      const begin = first + index * step;
      const whole = { first: firstOfMonth(begin), last: firstOfMonth(begin + months) - 1 };
      const walls: number[] = [];
      for (let month = begin; month < begin + months; month++) {
        if (rule.byMonth.length > 0 && !rule.byMonth.includes((month % 12) + 1)) continue;
        const own = { first: firstOfMonth(month), last: firstOfMonth(month + 1) - 1 };
        spend(work, own.last - own.first + 1);
        for (let day = own.first; day <= own.last; day++) {
          if (namesDay(rule, day, countsInMonth ? own : whole)) addTimes(walls, { day, times, work });
        }
      }
      return walls;
    },
  };
};

/** Days from the first one to the last. */
type Range = { first: Day; last: Day };

/**
 * True for a day that every part of the rule allows.
 * @param counted where weekdays are counted from its ends; null for a rule whose weekdays are not counted
 */
const namesDay = (rule: RecurrenceRule, day: Day, counted: Range | null): boolean => {
  const { byWeekday, byMonth, byMonthDay, byYearDay, byWeekNumber } = rule;
  if (byWeekday.length > 0) {
    const weekday = weekdayOf(day);
    const allows = byWeekday.some(
      (one) => one.weekday === weekday && (one.nth === 0 || !counted || isNth(one.nth, day, counted)),
    );
    if (!allows) return false;
  }
  if (byMonth.length + byMonthDay.length + byYearDay.length > 0) {
    const at = new Date(day * dayMs);
    const month = at.getUTCFullYear() * 12 + at.getUTCMonth();
    if (byMonth.length > 0 && !byMonth.includes((month % 12) + 1)) return false;
    if (byMonthDay.length > 0) {
      if (!isAmong(byMonthDay, { at: at.getUTCDate(), of: firstOfMonth(month + 1) - firstOfMonth(month) }))
        return false;
    }
    if (byYearDay.length > 0) {
      const newYear = firstOfMonth(month - (month % 12));
      const length = firstOfMonth(month - (month % 12) + 12) - newYear;
      if (!isAmong(byYearDay, { at: day - newYear + 1, of: length })) return false;
    }
  }
  return byWeekNumber.length === 0 || isAmong(byWeekNumber, weekOf(day, rule.weekStart));
};

/** True where a part names a place by its number, from 1, or from the end by a negative one. */
const isAmong = (part: readonly number[], { at, of }: { at: number; of: number }): boolean =>
  part.includes(at) || part.includes(at - of - 1);

/** True for the nth day of its weekday in a range. */
const isNth = (nth: number, day: Day, { first, last }: Range): boolean =>
  nth > 0 ? Math.floor((day - first) / 7) + 1 === nth : Math.floor((last - day) / 7) + 1 === -nth;

const weekStartOf = (day: Day, weekStart: number): Day => day - ((weekdayOf(day) - weekStart + 7) % 7);

/** The number of a day's week, and how many weeks that year has: the first is the one with four days in the year. */
const weekOf = (day: Day, weekStart: number): { at: number; of: number } => {
  const begin = weekStartOf(day, weekStart);
  const year = new Date((begin + 3) * dayMs).getUTCFullYear();
  const firstWeek = (ofYear: number): Day => weekStartOf(firstOfMonth(ofYear * 12) + 3, weekStart);
  return {
    at: (begin - firstWeek(year)) / 7 + 1,
    of: (firstWeek(year + 1) - firstWeek(year)) / 7,
  };
};

/** The first day of a month, given in months since the year 0. */
const firstOfMonth = (month: number): Day => {
  const at = new Date(0);
  // Date.UTC takes the years 0 to 99 for those of the twentieth century.
  at.setUTCFullYear(Math.floor(month / 12), month % 12, 1);
  return at.getTime() / dayMs;
};

/** The times of a day that a rule names, in order. */
const timesOf = (rule: RecurrenceRule): number[] =>
  rule.byHour
    .flatMap((hour) =>
      rule.byMinute.flatMap((minute) =>
        rule.bySecond.map((second) => ((hour * 60 + minute) * 60 + second) * secondMs),
      ),
    )
    .toSorted((a, b) => a - b);

const addTimes = (
  walls: number[],
  { day, times, work }: { day: Day; times: readonly number[]; work: Work },
): void => {
  spend(work, times.length);
  for (const time of times) walls.push(day * dayMs + time);
};

/** Those at the places that the rule asks for; all where it asks for none. */
const picked = (walls: readonly number[], positions: readonly number[]): readonly number[] =>
  positions.length === 0
    ? walls
    : walls.filter((_, index) => isAmong(positions, { at: index + 1, of: walls.length }));
