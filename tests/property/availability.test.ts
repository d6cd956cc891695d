import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { describe, expect, test } from "vitest";
import { windowsBetween } from "../../src/domain/availability.ts";
import { dayAt, dayOfDate, formatInstant, instantOf, weekdayOf } from "../../src/domain/zone.ts";

const zones = [
  "Europe/Berlin",
  "America/New_York",
  "America/Sao_Paulo",
  "Australia/Lord_Howe", // moves by half an hour
  "Asia/Kathmandu",
  "Africa/Casablanca", // moves back for Ramadan
  "Pacific/Apia",
  "Asia/Tehran",
  "UTC",
];
const zone = fc.constantFrom(...zones);
const day = fc.integer({ min: dayOfDate("2018-01-01"), max: dayOfDate("2040-12-31") });
const dateOf = (n: number): string => new Date(n * 86_400_000).toISOString().slice(0, 10);

describe("clocks", () => {
  test('a local time is the instant that Temporal\'s "compatible" says, in gaps and folds too', () => {
    fc.assert(
      fc.property(zone, day, fc.integer({ min: 0, max: 1439 }), (timeZone, on, minutes) => {
        const local = Temporal.PlainDate.from(dateOf(on)).toPlainDateTime({
          hour: Math.floor(minutes / 60),
          minute: minutes % 60,
        });
        const expected = local.toZonedDateTime(timeZone, { disambiguation: "compatible" });
        expect(instantOf(timeZone, on, minutes)).toBe(expected.epochMilliseconds);
      }),
      { numRuns: 1_500 },
    );
  });

  test.each([
    [
      "a time in the gap moves forward by it",
      "Europe/Berlin",
      "2030-03-31",
      150,
      "2030-03-31T03:30:00+02:00",
    ],
    [
      "a time that exists twice is the earlier",
      "Europe/Berlin",
      "2030-10-27",
      150,
      "2030-10-27T02:30:00+02:00",
    ],
    ["half an hour is a gap too", "Australia/Lord_Howe", "2030-10-06", 135, "2030-10-06T02:45:00+11:00"],
    [
      "the end of a day is the start of the next",
      "Europe/Berlin",
      "2030-10-27",
      1440,
      "2030-10-28T00:00:00+01:00",
    ],
  ])("%s", (_, timeZone, date, minutes, expected) => {
    expect(formatInstant(timeZone, instantOf(timeZone, dayOfDate(date), minutes))).toBe(expected);
  });

  test("an instant lies on the local day and weekday that Temporal says", () => {
    fc.assert(
      fc.property(zone, day, fc.integer({ min: 0, max: 86_399 }), (timeZone, on, seconds) => {
        const instant = on * 86_400_000 + seconds * 1000;
        const local = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timeZone);
        expect(dateOf(dayAt(timeZone, instant))).toBe(local.toPlainDate().toString());
        expect(weekdayOf(dayAt(timeZone, instant))).toBe(local.dayOfWeek);
      }),
    );
  });

  test("a date that does not exist is none", () => {
    expect([dayOfDate("2030-02-30"), dayOfDate("2030-13-01"), dayOfDate("2030-1-1")]).toEqual([
      NaN,
      NaN,
      NaN,
    ]);
  });
});

describe("a window of the week", () => {
  const nineToFive = { rules: [{ weekday: 7, start: "01:00", end: "05:00" }], overrides: [] };
  const lengthOn = (date: string): number => {
    const from = instantOf("Europe/Berlin", dayOfDate(date), 0);
    const windows = windowsBetween(nineToFive, "Europe/Berlin", { start: from, end: from + 3_600_000 });
    return windows.reduce((sum, { start, end }) => sum + (end - start) / 3_600_000, 0);
  };

  test("keeps its wall-clock ends when clocks change: an hour shorter, an hour longer", () => {
    expect(lengthOn("2030-04-07")).toBe(4);
    expect(lengthOn("2030-03-31")).toBe(3);
    expect(lengthOn("2030-10-27")).toBe(5);
  });

  test("that falls into a gap entirely is none", () => {
    const gap = { rules: [{ weekday: 7, start: "02:00", end: "02:00" }], overrides: [] };
    const from = instantOf("Europe/Berlin", dayOfDate("2030-03-31"), 0);
    expect(windowsBetween(gap, "Europe/Berlin", { start: from, end: from + 1 })).toEqual([]);
  });

  test("gives way to an override, which may be a day off, and stands again the week after", () => {
    const availability = {
      rules: [{ weekday: 1, start: "09:00", end: "17:00" }],
      overrides: [
        { date: "2030-01-07", windows: [] },
        { date: "2030-01-14", windows: [{ start: "10:00", end: "11:00" }] },
      ],
    };
    const from = instantOf("UTC", dayOfDate("2030-01-07"), 0);
    const windows = windowsBetween(availability, "UTC", { start: from, end: from + 21 * 86_400_000 });
    expect(windows.map(({ start, end }) => [formatInstant("UTC", start), formatInstant("UTC", end)])).toEqual(
      [
        ["2030-01-14T10:00:00Z", "2030-01-14T11:00:00Z"],
        ["2030-01-21T09:00:00Z", "2030-01-21T17:00:00Z"],
      ],
    );
  });

  test("is every hour of the day for a coach who never said, across clock changes too", () => {
    const from = instantOf("Europe/Berlin", dayOfDate("2030-03-30"), 0);
    const windows = windowsBetween(null, "Europe/Berlin", { start: from, end: from + 3 * 86_400_000 });
    for (const [index, window] of windows.slice(1).entries()) expect(window.start).toBe(windows[index]?.end);
  });
});
