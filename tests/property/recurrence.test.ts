import fc from "fast-check";
import ICAL from "ical.js";
import { Temporal } from "temporal-polyfill";
import { expect, test } from "vitest";
import { type RecurrenceRule, TooMuchWork, wallsOf } from "../../src/domain/recurrence.ts";
import { readFeed } from "../../src/usecases/calendars/feed/read.ts";
import { ruleOf } from "../../src/usecases/calendars/feed/values.ts";

const weekday = fc.constantFrom("MO", "TU", "WE", "TH", "FR", "SA", "SU");
const some = <T>(one: fc.Arbitrary<T>, maxLength: number) => fc.uniqueArray(one, { minLength: 1, maxLength });
const nth = (...numbers: number[]) =>
  fc.tuple(fc.constantFrom(...numbers), weekday).map(([number, day]) => `${number}${day}`);
const part = (name: string, values: fc.Arbitrary<readonly (string | number)[]>) =>
  values.map((list) => `;${name}=${list.join(",")}`);
const none = fc.constant("");
const joined = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((texts) => texts.join(""));

const monthDay = fc.oneof(fc.integer({ min: 1, max: 31 }), fc.integer({ min: -28, max: -1 }));
const month = fc.integer({ min: 1, max: 12 });
const interval = (max: number) => fc.integer({ min: 1, max }).map((n) => `;INTERVAL=${n}`);

/** Rules that ical.js reads as RFC 5545 has them. */
const rule = fc.oneof(
  joined(fc.constant("FREQ=DAILY"), interval(6)),
  joined(
    fc.constant("FREQ=DAILY"),
    fc.oneof(none, part("BYMONTH", some(month, 4))),
    part("BYDAY", some(weekday, 4)),
  ),
  joined(
    fc.constant("FREQ=WEEKLY;WKST="),
    weekday,
    interval(4),
    fc.oneof(none, part("BYDAY", some(weekday, 5))),
  ),
  joined(fc.constant("FREQ=MONTHLY"), interval(5), fc.oneof(none, part("BYMONTHDAY", some(monthDay, 4)))),
  joined(fc.constant("FREQ=MONTHLY"), interval(5), part("BYDAY", some(nth(1, 2, 3, 4, -1, -2), 1))),
  joined(fc.constant("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS="), fc.constantFrom("1", "2", "-1", "1,-1")),
  joined(
    fc.constant("FREQ=YEARLY"),
    part("BYMONTH", some(month, 3)),
    part("BYDAY", some(nth(1, 2, 3, -1), 2)),
  ),
  joined(
    fc.constant("FREQ=YEARLY"),
    part("BYMONTH", some(month, 3)),
    part("BYMONTHDAY", some(fc.integer({ min: 1, max: 28 }), 3)),
  ),
  joined(fc.constant("FREQ=YEARLY"), part("BYYEARDAY", some(fc.integer({ min: 1, max: 365 }), 4))),
  joined(fc.constant("FREQ=HOURLY"), interval(30)),
);

const parse = (text: string): unknown => (ICAL.parse.property(`RRULE:${text}`) as unknown[])[3];

const wallOf = (time: ICAL.Time): number =>
  Date.UTC(time.year, time.month - 1, time.day, time.hour, time.minute, time.second);

const occurrencesByIcalJs = (text: string, start: ICAL.Time, most: number): number[] => {
  const iterator = ICAL.Recur.fromString(text).iterator(start);
  const walls: number[] = [];
  for (let next = iterator.next(); next && walls.length < most; next = iterator.next()) {
    walls.push(wallOf(next));
  }
  return walls;
};

const plenty = () => ({ left: 10_000_000 });

test("a rule names the same times as ical.js says, wherever one begins to look", () => {
  fc.assert(
    fc.property(
      rule,
      fc.integer({ min: 0, max: 3_000 }),
      fc.integer({ min: 0, max: 24 * 60 - 1 }),
      fc.integer({ min: 0, max: 39 }),
      (text, day, minute, skip) => {
        const near = ICAL.Time.fromJSDate(new Date(Date.UTC(2020, 0, 1 + day, 0, minute)), true);
        const [first] = occurrencesByIcalJs(text, near, 1);
        fc.pre(first !== undefined);
        const start = first ?? 0;
        const expected = occurrencesByIcalJs(text, ICAL.Time.fromJSDate(new Date(start), true), 40);
        const { rule: read } = ruleOf(parse(text));
        const to = (expected.at(-1) ?? start) + 1;
        const all = [...wallsOf({ start, rule: read }, { from: start, to }, plenty())];
        expect(all.map((wall) => new Date(wall).toISOString())).toEqual(
          expected.map((wall) => new Date(wall).toISOString()),
        );
        const from = expected[skip] ?? start;
        const later = [...wallsOf({ start, rule: read }, { from, to }, plenty())];
        expect(later).toEqual(all.filter((wall) => wall >= from));
        const counted = { ...read, count: 7 };
        expect([...wallsOf({ start, rule: counted }, { from: start, to }, plenty())]).toEqual(
          all.slice(0, 7),
        );
      },
    ),
    { numRuns: 250 },
  );
});

const everySecond: RecurrenceRule = ruleOf(parse("FREQ=SECONDLY")).rule;

test.each([
  "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
  "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
  "FREQ=HOURLY;INTERVAL=24;BYHOUR=5",
])("a rule that names no day ends: %s", (text) => {
  const start = Date.UTC(2026, 0, 5, 9);
  const range = { from: start, to: Date.UTC(2027, 0, 5) };
  expect([...wallsOf({ start, rule: ruleOf(parse(text)).rule }, range, plenty())]).toEqual([start]);
});

test("a rule gets no more work than it is given", () => {
  const range = { from: 0, to: 10 * 24 * 3_600_000 };
  expect(() => [...wallsOf({ start: 0, rule: everySecond }, range, { left: 100_000 })]).toThrow(TooMuchWork);
});

const zones = [
  "Europe/Berlin",
  "America/New_York",
  "America/Santiago",
  "Australia/Lord_Howe",
  "Africa/Casablanca",
  "Asia/Kolkata",
];

test("a weekly event keeps its time on the wall through every change of clocks, as Temporal has it", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.integer({ min: 0, max: 700 }),
      fc.integer({ min: 0, max: 24 * 60 - 1 }),
      fc.integer({ min: 1, max: 240 }),
      (timeZone, days, minute, length) => {
        const day = Temporal.PlainDate.from("2025-01-01").add({ days });
        const local = day.toPlainDateTime(Temporal.PlainTime.from("00:00").add({ minutes: minute }));
        const now = Date.UTC(2026, 0, 1);
        const text = (time: Temporal.PlainDateTime): string =>
          time.toString({ smallestUnit: "second" }).replaceAll(/[-:]/g, "");
        const feed = [
          "BEGIN:VCALENDAR",
          "BEGIN:VEVENT",
          "UID:weekly",
          `DTSTART;TZID=${timeZone}:${text(local)}`,
          `DTEND;TZID=${timeZone}:${text(local.add({ minutes: length }))}`,
          "RRULE:FREQ=WEEKLY",
          "END:VEVENT",
          "END:VCALENDAR",
        ].join("\r\n");
        const expected: { start: number; end: number }[] = [];
        const instant = (time: Temporal.PlainDateTime): number =>
          time.toZonedDateTime(timeZone, { disambiguation: "compatible" }).epochMilliseconds;
        for (let week = 0; week < 160; week++) {
          const at = local.add({ weeks: week });
          const [start, end] = [instant(at), instant(at.add({ minutes: length }))];
          if (end > now && start < now + 366 * 24 * 3_600_000 && end > start) expected.push({ start, end });
        }
        const { busy } = readFeed(feed, { now, timeZone: "UTC" });
        expect(busy.map(({ start, end }) => ({ start, end }))).toEqual(expected);
      },
    ),
    { numRuns: 150 },
  );
});
