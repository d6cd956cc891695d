import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FeedReader, createFeedReader } from "../../src/usecases/calendars/feed-reader.ts";
import { calendar, event, lines } from "../support/feeds.ts";

const now = Date.parse("2026-03-01T00:00:00Z");
const options = { now, timeZone: "Europe/Berlin" };
const small = calendar(event("DTSTART:20260302T090000Z", "DURATION:PT1H"));
const busy = [{ start: now + 33 * 3_600_000, end: now + 34 * 3_600_000, uid: "one" }];

let reader: FeedReader;
beforeEach(async () => {
  reader = createFeedReader();
  await reader.read(small, options);
});
afterEach(() => reader.close());

const two = (n: number): string => String(n).padStart(2, "0");
/** So many times of their own from 2026 on, to the minute. */
const times = (count: number): string[] =>
  Array.from({ length: count }, (_, index) =>
    new Date(now + index * 60_000).toISOString().replaceAll(/[-:]|\.000Z/g, ""),
  );
/** Lines of a name with as many values each as fit. */
const listed = (name: string, values: readonly string[]): string[] =>
  Array.from({ length: Math.ceil(values.length / 1_000) }, (_, index) =>
    [name, values.slice(index * 1_000, (index + 1) * 1_000).join(",")].join(":"),
  );
const many = (count: number, one: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => one(index)).join("");
/** A zone that only the feed knows, whose clocks change at each of these. */
const zone = (zoneId: string, ...rest: string[]): string =>
  lines(
    "BEGIN:VTIMEZONE",
    `TZID:${zoneId}`,
    "BEGIN:STANDARD",
    "DTSTART:20200101T000000",
    "TZOFFSETFROM:+0200",
    "TZOFFSETTO:+0100",
    ...rest,
    "END:STANDARD",
    "END:VTIMEZONE",
  );

const placeNames = Intl.supportedValuesOf("timeZone").filter((name) => name.includes("/"));

const hostile: [string, () => string][] = [
  ["a run of carriage returns", () => "\r".repeat(5_000_000)],
  ["lines that are folded without end", () => calendar(`BEGIN:VEVENT${"\r\n ".repeat(1_500_000)}`)],
  ["components within one another", () => calendar(many(200_000, () => lines("BEGIN:VEVENT", "BEGIN:X")))],
  [
    "clocks that change 30,000 times",
    () =>
      calendar(
        zone("Odd", ...listed("RDATE", times(30_000))),
        many(500, (index) =>
          event(
            `UID:${index}`,
            `DTSTART;TZID=Odd:20260301T00${two(index % 60)}00`,
            "DURATION:PT1M",
            "RRULE:FREQ=HOURLY",
          ),
        ),
      ),
  ],
  [
    "clocks that change as often as they may, and events in each of the hours",
    () =>
      calendar(
        zone("Odd", ...listed("RDATE", times(19_000))),
        many(500, (index) =>
          event(
            `UID:${index}`,
            `DTSTART;TZID=Odd:20260301T00${two(index % 60)}00`,
            "DURATION:PT1M",
            "RRULE:FREQ=HOURLY",
          ),
        ),
      ),
  ],
  [
    "a hundred thousand zones",
    () =>
      calendar(many(40_000, (index) => event(`DTSTART;TZID=A/${index}:20260302T090000`, "DURATION:PT1H"))),
  ],
  [
    "zones whose names cannot be read",
    () => calendar(many(1_500, () => zone(`${"A".repeat(2_000)};`)) + zone(`;${"x=y;".repeat(9_000)}`)),
  ],
  [
    "every zone in every year",
    () =>
      calendar(
        many(60, (index) => {
          const timeZone = placeNames[index * 5];
          return event(
            `UID:${index}`,
            "DTSTART:20260302T090000Z",
            "DURATION:P36000D",
            "RRULE:FREQ=DAILY",
            ...Array.from({ length: 200 }, (_, year) => `EXDATE;TZID=${timeZone}:${2000 + year}0601T000000`),
          );
        }),
      ),
  ],
  [
    "a series that is changed from each of its days on",
    () =>
      calendar(
        event("UID:s", "DTSTART:20260301T000000Z", "DURATION:PT1M", "RRULE:FREQ=MINUTELY"),
        ...times(15_000).map((at) =>
          event("UID:s", `RECURRENCE-ID;RANGE=THISANDFUTURE:${at}Z`, `DTSTART:${at}Z`, "DURATION:PT1M"),
        ),
      ),
  ],
  [
    "exceptions to one series without end",
    () =>
      calendar(
        many(20, (index) =>
          event(
            `UID:${index}`,
            "DTSTART:20260301T000000Z",
            "DURATION:PT1M",
            "RRULE:FREQ=HOURLY",
            ...listed("EXDATE;TZID=America/New_York", times(14_000)),
          ),
        ),
      ),
  ],
  [
    "rules for every second",
    () =>
      calendar(
        many(20_000, (index) =>
          event(`UID:${index}`, "DTSTART:20200101T000000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY"),
        ),
      ),
  ],
  [
    "rules that name no day",
    () =>
      calendar(
        many(20_000, (index) =>
          event(
            `UID:${index}`,
            "DTSTART:20200101T000000Z",
            "DURATION:PT1H",
            "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
          ),
        ),
      ),
  ],
  [
    "busy times without end",
    () =>
      calendar(
        lines(
          "BEGIN:VFREEBUSY",
          ...listed(
            "FREEBUSY",
            times(250_000).map((at) => `${at}Z/PT1M`),
          ),
          "END:VFREEBUSY",
        ),
      ),
  ],
  [
    "lines of as many parameters as there may be",
    () =>
      calendar(many(150, () => event(`DTSTART${";A=b".repeat(8_000)}:20260302T090000Z`, "DURATION:PT1H"))),
  ],
  ["events without a word", () => calendar(many(180_000, () => lines("BEGIN:VEVENT", "END:VEVENT")))],
];

/** The longest that this thread was held up while something went on, in milliseconds. */
const longestHold = async (during: Promise<unknown>): Promise<number> => {
  let longest = 0;
  let last = clock();
  const timer = setInterval(() => {
    longest = Math.max(longest, clock() - last);
    last = clock();
  }, 5);
  await during;
  clearInterval(timer);
  return Math.max(longest, clock() - last);
};

/** Of this thread alone, in milliseconds: the machine may have more to do than this. */
const clock = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

const outcomeOf = (reading: Promise<unknown>): Promise<string> =>
  reading.then(
    () => "read",
    (error: unknown) => String(error),
  );

describe("a feed holds up nobody, and ends by the steps that it may take, before its time is up:", () => {
  test.each(hostile)("%s", { timeout: 30_000 }, async (_, make) => {
    const feed = make();
    const outcome = outcomeOf(reader.read(feed, options));
    expect(await longestHold(outcome)).toBeLessThan(100);
    expect(await outcome).toMatch(/^(?:read$|FeedError: (?!.*takes longer))/);
    await expect(reader.read(small, options)).resolves.toMatchObject({ busy, skipped: 0 });
  });
});

const everySecond = calendar(
  many(500, (index) =>
    event(`UID:${index}`, "DTSTART:20200101T000000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY"),
  ),
);

test("a feed that takes longer than it may is given up in words, and the next has a thread of its own", async () => {
  const limits = { timeoutMs: 1 };
  const hasty = createFeedReader(limits);
  await expect(hasty.read(everySecond, options)).rejects.toMatchObject({
    name: "FeedError",
    message: "The calendar takes longer than 0.001 seconds to work out.",
  });
  limits.timeoutMs = 10_000;
  await expect(hasty.read(small, options)).resolves.toMatchObject({ busy, skipped: 0 });
  await hasty.close();
});

test("feeds are read two at a time, and whoever waits has the turn of one that ends", async () => {
  const ended: string[] = [];
  const read = (name: string, feed: string) =>
    outcomeOf(reader.read(feed, options)).then(() => ended.push(name));
  await Promise.all([read("large", everySecond), read("large", everySecond), read("small", small)]);
  expect(ended[0]).toBe("large");
  expect(ended).toHaveLength(3);
});

test("a reader that is closed leaves nobody waiting", async () => {
  const readings = [everySecond, everySecond, small].map((feed) => outcomeOf(reader.read(feed, options)));
  await reader.close();
  expect(await Promise.all(readings)).toEqual(readings.map(() => expect.stringMatching(/^Error: /)));
});
