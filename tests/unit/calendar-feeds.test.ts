import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { isTimeZone } from "../../src/domain/time.ts";
import { zoneOfWindows } from "../../src/domain/windows-zones.ts";
import { type FeedReading, readFeed } from "../../src/usecases/calendars/feed/read.ts";
import { calendar, event, lines, manyEvents, outlookZone } from "../support/feeds.ts";

/** A Sunday. Clocks move in New York on March 8, in Berlin on March 29. */
const now = Date.parse("2026-03-01T00:00:00Z");

const read = (text: string, options: { timeZone?: string; horizonDays?: number } = {}): FeedReading =>
  readFeed(text, { now, timeZone: "Europe/Berlin", horizonDays: 35, ...options });

/** Busy times as `start/end`, to the minute. */
const busyIn = (text: string, options: { timeZone?: string; horizonDays?: number } = {}): string[] =>
  read(text, options).busy.map(({ start, end }) => `${minute(start)}/${minute(end)}`);

const minute = (at: number): string => new Date(at).toISOString().replace(/:00\.000Z$/, "Z");

type Trouble = { trouble: string; feed: string; busy: string[]; skipped?: number };

const berlin = "TZID=Europe/Berlin";

const troubles: Trouble[] = [
  {
    trouble: "Outlook's zone with its definition, across the change of clocks",
    feed: calendar(
      outlookZone("W. Europe Standard Time"),
      event(
        "DTSTART;TZID=W. Europe Standard Time:20260323T090000",
        "DTEND;TZID=W. Europe Standard Time:20260323T100000",
        "RRULE:FREQ=WEEKLY;COUNT=2;BYDAY=MO",
      ),
    ),
    busy: ["2026-03-23T08:00Z/2026-03-23T09:00Z", "2026-03-30T07:00Z/2026-03-30T08:00Z"],
  },
  {
    trouble: "Windows' name of a zone, in quotes and without a definition",
    feed: calendar(
      event(
        'DTSTART;TZID="Pacific Standard Time":20260310T090000',
        'DTEND;TZID="Pacific Standard Time":20260310T093000',
      ),
    ),
    busy: ["2026-03-10T16:00Z/2026-03-10T16:30Z"],
  },
  {
    trouble: "a zone of the database without a definition",
    feed: calendar(
      event("DTSTART;TZID=Asia/Kolkata:20260302T120000", "DTEND;TZID=Asia/Kolkata:20260302T123000"),
    ),
    busy: ["2026-03-02T06:30Z/2026-03-02T07:00Z"],
  },
  {
    trouble: "a zone that only the feed defines",
    feed: calendar(
      outlookZone("Customized Time Zone"),
      event(
        "DTSTART;TZID=Customized Time Zone:20260328T090000",
        "DURATION:PT30M",
        "RRULE:FREQ=DAILY;COUNT=3",
      ),
    ),
    busy: [
      "2026-03-28T08:00Z/2026-03-28T08:30Z",
      "2026-03-29T07:00Z/2026-03-29T07:30Z",
      "2026-03-30T07:00Z/2026-03-30T07:30Z",
    ],
  },
  {
    trouble: "a zone whose rules ended, and its last offset holds",
    feed: calendar(
      lines(
        "BEGIN:VTIMEZONE",
        "TZID:Old Place",
        "BEGIN:DAYLIGHT",
        "DTSTART:20000326T020000",
        "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0300",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;UNTIL=20100328T000000Z",
        "END:DAYLIGHT",
        "BEGIN:STANDARD",
        "DTSTART:20001029T030000",
        "TZOFFSETFROM:+0300",
        "TZOFFSETTO:+0200",
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=20091025T000000Z",
        "END:STANDARD",
        "END:VTIMEZONE",
      ),
      event("DTSTART;TZID=Old Place:20260302T120000", "DURATION:PT1H"),
    ),
    busy: ["2026-03-02T09:00Z/2026-03-02T10:00Z"],
  },
  {
    trouble: "Evolution's path to a zone",
    feed: calendar(
      event(
        "DTSTART;TZID=/freeassociation.sourceforge.net/America/New_York:20260302T090000",
        "DURATION:PT1H",
      ),
    ),
    busy: ["2026-03-02T14:00Z/2026-03-02T15:00Z"],
  },
  {
    trouble: "an abbreviation for a zone: what the feed says of it, else what the database does",
    feed: calendar(
      outlookZone("EST"),
      event("UID:a", "DTSTART;TZID=EST:20260302T090000", "DURATION:PT1H"),
      event("UID:b", "DTSTART;TZID=EST5EDT:20260303T090000", "DURATION:PT1H"),
    ),
    busy: ["2026-03-02T08:00Z/2026-03-02T09:00Z", "2026-03-03T14:00Z/2026-03-03T15:00Z"],
  },
  {
    trouble: "a zone that nobody knows, taken for the coach's",
    feed: calendar(
      event("DTSTART;TZID=Middle Earth:20260302T090000", "DTEND;TZID=Middle Earth:20260302T100000"),
    ),
    busy: ["2026-03-02T08:00Z/2026-03-02T09:00Z"],
  },
  {
    trouble: "Google's whole days, also on the day that has 23 hours",
    feed: calendar(
      event("UID:a", "DTSTART;VALUE=DATE:20260305", "DTEND;VALUE=DATE:20260307"),
      event("UID:b", "DTSTART;VALUE=DATE:20260329", "DTEND;VALUE=DATE:20260330"),
      event("UID:c", "DTSTART;VALUE=DATE:20260310"),
      event("UID:d", "DTSTART;VALUE=DATE:20260312", "DTEND;VALUE=DATE:20260312"),
    ),
    busy: [
      "2026-03-04T23:00Z/2026-03-06T23:00Z",
      "2026-03-09T23:00Z/2026-03-10T23:00Z",
      "2026-03-11T23:00Z/2026-03-12T23:00Z",
      "2026-03-28T23:00Z/2026-03-29T22:00Z",
    ],
  },
  {
    trouble: "dates that do not say that they are dates",
    feed: calendar(event("DTSTART:20260305", "DTEND:20260306")),
    busy: ["2026-03-04T23:00Z/2026-03-05T23:00Z"],
  },
  {
    trouble: "floating times",
    feed: calendar(event("DTSTART:20260302T090000", "DTEND:20260302T100000")),
    busy: ["2026-03-02T08:00Z/2026-03-02T09:00Z"],
  },
  {
    trouble: "a night that the clocks change in",
    feed: calendar(
      event(
        `DTSTART;${berlin}:20260327T220000`,
        `DTEND;${berlin}:20260328T060000`,
        "RRULE:FREQ=DAILY;COUNT=3",
      ),
    ),
    busy: [
      "2026-03-27T21:00Z/2026-03-28T05:00Z",
      "2026-03-28T21:00Z/2026-03-29T04:00Z",
      "2026-03-29T20:00Z/2026-03-30T04:00Z",
    ],
  },
  {
    trouble: "an infinite rule, which ends at the horizon and does not begin before now",
    feed: calendar(
      event(
        `DTSTART;${berlin}:20190107T090000`,
        `DTEND;${berlin}:20190107T100000`,
        "RRULE:FREQ=WEEKLY;BYDAY=MO,TH;INTERVAL=2",
      ),
    ),
    busy: [
      "2026-03-09T08:00Z/2026-03-09T09:00Z",
      "2026-03-12T08:00Z/2026-03-12T09:00Z",
      "2026-03-23T08:00Z/2026-03-23T09:00Z",
      "2026-03-26T08:00Z/2026-03-26T09:00Z",
    ],
  },
  {
    trouble: "UNTIL in UTC, as a day, and on whole days",
    feed: calendar(
      event(
        "UID:a",
        `DTSTART;${berlin}:20260302T090000`,
        "DURATION:PT1H",
        "RRULE:FREQ=DAILY;UNTIL=20260303T080000Z",
      ),
      event("UID:b", `DTSTART;${berlin}:20260310T230000`, "DURATION:PT1H", "RRULE:FREQ=DAILY;UNTIL=20260311"),
      event("UID:c", "DTSTART;VALUE=DATE:20260320", "RRULE:FREQ=DAILY;UNTIL=20260321T000000Z"),
    ),
    busy: [
      "2026-03-02T08:00Z/2026-03-02T09:00Z",
      "2026-03-03T08:00Z/2026-03-03T09:00Z",
      "2026-03-10T22:00Z/2026-03-10T23:00Z",
      "2026-03-11T22:00Z/2026-03-11T23:00Z",
      "2026-03-19T23:00Z/2026-03-20T23:00Z",
      "2026-03-20T23:00Z/2026-03-21T23:00Z",
    ],
  },
  {
    trouble: "EXDATE in another zone, in UTC, as a day, and several in a line",
    feed: calendar(
      event(
        `DTSTART;${berlin}:20260302T090000`,
        `DTEND;${berlin}:20260302T100000`,
        "RRULE:FREQ=DAILY;COUNT=7",
        "EXDATE;TZID=America/New_York:20260303T030000",
        `EXDATE;${berlin}:20260304T090000,20260305T090000`,
        "EXDATE:20260306T080000Z",
        "EXDATE;VALUE=DATE:20260307",
      ),
    ),
    busy: ["2026-03-02T08:00Z/2026-03-02T09:00Z", "2026-03-08T08:00Z/2026-03-08T09:00Z"],
  },
  {
    trouble: "Outlook's EXDATE of whole days, by their midnights",
    feed: calendar(
      event(
        "DTSTART;VALUE=DATE:20260302",
        "DTEND;VALUE=DATE:20260303",
        "RRULE:FREQ=DAILY;COUNT=3",
        `EXDATE;${berlin}:20260303T000000`,
      ),
    ),
    busy: ["2026-03-01T23:00Z/2026-03-02T23:00Z", "2026-03-03T23:00Z/2026-03-04T23:00Z"],
  },
  {
    trouble: "EXDATE of whole days, by UTC's midnight or by their own in UTC",
    feed: calendar(
      event(
        "DTSTART;VALUE=DATE:20260302",
        "RRULE:FREQ=DAILY;COUNT=4",
        "EXDATE:20260303T000000Z",
        "EXDATE:20260303T230000Z",
      ),
    ),
    busy: ["2026-03-01T23:00Z/2026-03-02T23:00Z", "2026-03-04T23:00Z/2026-03-05T23:00Z"],
  },
  {
    trouble: "a start that the clocks skip, whose end they do not",
    feed: calendar(
      event("UID:a", `DTSTART;${berlin}:20260329T023000`, `DTEND;${berlin}:20260329T030000`),
      event(
        "UID:b",
        `DTSTART;${berlin}:20260328T021500`,
        `DTEND;${berlin}:20260328T024500`,
        "RRULE:FREQ=DAILY;COUNT=3",
      ),
      event("UID:c", `DTSTART;${berlin}:20260329T020000`, `DTEND;${berlin}:20260329T031500`),
    ),
    busy: [
      "2026-03-28T01:15Z/2026-03-28T01:45Z",
      "2026-03-29T01:00Z/2026-03-29T01:15Z",
      "2026-03-29T01:15Z/2026-03-29T01:45Z",
      "2026-03-29T01:30Z/2026-03-29T02:00Z",
      "2026-03-30T00:15Z/2026-03-30T00:45Z",
    ],
  },
  {
    trouble: "RDATE: times, and periods with their own lengths",
    feed: calendar(
      event(
        `DTSTART;${berlin}:20260302T090000`,
        "DURATION:PT1H",
        `RDATE;${berlin}:20260304T090000,20260302T090000`,
        "RDATE;VALUE=PERIOD:20260306T100000Z/PT2H,20260307T100000Z/20260307T103000Z",
      ),
    ),
    busy: [
      "2026-03-02T08:00Z/2026-03-02T09:00Z",
      "2026-03-04T08:00Z/2026-03-04T09:00Z",
      "2026-03-06T10:00Z/2026-03-06T12:00Z",
      "2026-03-07T10:00Z/2026-03-07T10:30Z",
    ],
  },
  {
    trouble: "RECURRENCE-ID: one moved, one cancelled, one made free, and one without its series",
    feed: calendar(
      event("UID:s", `DTSTART;${berlin}:20260302T090000`, "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=4"),
      event("UID:s", "RECURRENCE-ID:20260303T080000Z", `DTSTART;${berlin}:20260310T140000`, "DURATION:PT30M"),
      event(
        "UID:s",
        `RECURRENCE-ID;${berlin}:20260304T090000`,
        `DTSTART;${berlin}:20260304T090000`,
        "STATUS:CANCELLED",
      ),
      event(
        "UID:s",
        `RECURRENCE-ID;${berlin}:20260305T090000`,
        `DTSTART;${berlin}:20260305T090000`,
        "DURATION:PT1H",
        "TRANSP:TRANSPARENT",
      ),
      event("UID:lone", "RECURRENCE-ID:20260303T080000Z", "DTSTART:20260320T080000Z", "DURATION:PT1H"),
    ),
    busy: [
      "2026-03-02T08:00Z/2026-03-02T09:00Z",
      "2026-03-10T13:00Z/2026-03-10T13:30Z",
      "2026-03-20T08:00Z/2026-03-20T09:00Z",
    ],
  },
  {
    trouble: "occurrences that were cancelled, and say no more than which they were",
    feed: calendar(
      event("UID:s", `DTSTART;${berlin}:20260302T090000`, "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=4"),
      event("UID:s", `RECURRENCE-ID;${berlin}:20260303T090000`, "STATUS:CANCELLED"),
      event("UID:s", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260305T080000Z", "STATUS:CANCELLED"),
    ),
    busy: ["2026-03-02T08:00Z/2026-03-02T09:00Z", "2026-03-04T08:00Z/2026-03-04T09:00Z"],
  },
  {
    trouble: "RANGE=THISANDFUTURE, which moves the rest of a series",
    feed: calendar(
      event(
        "UID:s",
        `DTSTART;${berlin}:20260101T090000`,
        "DURATION:PT1H",
        "RRULE:FREQ=WEEKLY;UNTIL=20260326T080000Z",
      ),
      event(
        "UID:s",
        `RECURRENCE-ID;RANGE=THISANDFUTURE;${berlin}:20260312T090000`,
        `DTSTART;${berlin}:20260313T150000`,
        "DURATION:PT2H",
      ),
    ),
    busy: [
      "2026-03-05T08:00Z/2026-03-05T09:00Z",
      "2026-03-13T14:00Z/2026-03-13T16:00Z",
      "2026-03-20T14:00Z/2026-03-20T16:00Z",
      "2026-03-27T14:00Z/2026-03-27T16:00Z",
    ],
  },
  {
    trouble: "a series that was ended from some day on",
    feed: calendar(
      event("UID:s", "DTSTART:20260302T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY"),
      event(
        "UID:s",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20260304T090000Z",
        "DTSTART:20260304T090000Z",
        "DURATION:PT1H",
        "STATUS:CANCELLED",
      ),
    ),
    busy: ["2026-03-02T09:00Z/2026-03-02T10:00Z", "2026-03-03T09:00Z/2026-03-03T10:00Z"],
  },
  {
    trouble: "STATUS:CANCELLED, TRANSP:TRANSPARENT, Outlook's FREE; tentative is busy",
    feed: calendar(
      event("UID:a", "DTSTART:20260302T090000Z", "DURATION:PT1H", "STATUS:CANCELLED"),
      event("UID:b", "DTSTART:20260303T090000Z", "DURATION:PT1H", "TRANSP:TRANSPARENT"),
      event("UID:c", "DTSTART:20260304T090000Z", "DURATION:PT1H", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"),
      event("UID:d", "DTSTART:20260305T090000Z", "DURATION:PT1H", "STATUS:TENTATIVE", "TRANSP:OPAQUE"),
    ),
    busy: ["2026-03-05T09:00Z/2026-03-05T10:00Z"],
  },
  {
    trouble: "events that take no time, went by, lie too far ahead, or run as we look",
    feed: calendar(
      event("UID:a", "DTSTART:20260302T090000Z"),
      event("UID:b", "DTSTART:20260302T090000Z", "DTEND:20260302T090000Z"),
      event("UID:c", "DTSTART:20260302T090000Z", "DTEND:20260301T090000Z"),
      event("UID:d", "DTSTART:20260228T220000Z", "DTEND:20260301T000000Z"),
      event("UID:e", "DTSTART:20260405T000000Z", "DURATION:PT1H"),
      event("UID:f", "DTSTART:20260228T220000Z", "DTEND:20260301T000100Z"),
    ),
    busy: ["2026-02-28T22:00Z/2026-03-01T00:01Z"],
  },
  {
    trouble: "lengths in days follow the clocks, lengths in hours do not",
    feed: calendar(
      event("UID:a", `DTSTART;${berlin}:20260328T120000`, "DURATION:P1D"),
      event("UID:b", `DTSTART;${berlin}:20260328T120000`, "DURATION:PT24H"),
    ),
    busy: ["2026-03-28T11:00Z/2026-03-29T10:00Z", "2026-03-28T11:00Z/2026-03-29T11:00Z"],
  },
  {
    trouble: "a flight that ends in another zone",
    feed: calendar(event(`DTSTART;${berlin}:20260302T100000`, "DTEND;TZID=America/New_York:20260302T130000")),
    busy: ["2026-03-02T09:00Z/2026-03-02T18:00Z"],
  },
  {
    trouble: "free and busy times instead of events",
    feed: calendar(
      lines(
        "BEGIN:VFREEBUSY",
        "FREEBUSY:20260302T090000Z/PT1H,20260303T090000Z/20260303T100000Z",
        "FREEBUSY;FBTYPE=FREE:20260304T090000Z/PT1H",
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260305T090000Z/PT1H",
        "END:VFREEBUSY",
      ),
    ),
    busy: [
      "2026-03-02T09:00Z/2026-03-02T10:00Z",
      "2026-03-03T09:00Z/2026-03-03T10:00Z",
      "2026-03-05T09:00Z/2026-03-05T10:00Z",
    ],
  },
  {
    trouble: "several calendars in one body, whose definitions of one name differ",
    feed:
      calendar(outlookZone("Home"), event("UID:a", "DTSTART;TZID=Home:20260302T090000", "DURATION:PT1H")) +
      calendar(
        outlookZone("Home").replaceAll("+0200", "+0300").replaceAll("+0100", "+0200"),
        event("UID:b", "DTSTART;TZID=Home:20260303T090000", "DURATION:PT1H"),
      ),
    busy: ["2026-03-02T08:00Z/2026-03-02T09:00Z", "2026-03-03T07:00Z/2026-03-03T08:00Z"],
  },
  {
    trouble: "bare line feeds, a byte order mark, lower case, and lines that were folded without the space",
    feed: `\uFEFF${calendar(
      lines(
        "begin:vevent",
        "uid:one",
        "summary:A title that goes on",
        "and on without a space: in vain, since 10:00 is not a property",
        `dtstart;tzid=Europe/Berlin:20260302t090000`,
        "dtend;tzid=Europe/Berlin:2026030",
        "2T100000",
        "rrule:freq=daily;co",
        " unt=2",
        "description:Hello",
        "<b>bold</b>",
        "",
        "end:vevent",
      ),
    ).replaceAll("\r\n", "\n")}`,
    busy: ["2026-03-02T08:00Z/2026-03-02T09:00Z", "2026-03-03T08:00Z/2026-03-03T09:00Z"],
  },
  {
    trouble: "events that make no sense, among others that do",
    feed: calendar(
      event("UID:a", "DTSTART:20261345T990000Z", "DURATION:PT1H"),
      event("UID:b", "DTSTART:20260302T090000Z", "DURATION:an hour"),
      event("UID:c", "DTSTART:20260302T090000Z", "DURATION:PT1H", "RRULE:FREQ=SOMETIMES"),
      event("UID:d", "DTSTART:yesterday", "DURATION:PT1H"),
      event("UID:e", "SUMMARY:without a start"),
      event("UID:f", "DTSTART:20260302T090000Z", "DURATION:PT1H"),
    ),
    busy: ["2026-03-02T09:00Z/2026-03-02T10:00Z"],
    skipped: 4,
  },
  {
    trouble: "an event that forgets to end, and alarms with lengths of their own",
    feed: calendar(
      lines("BEGIN:VEVENT", "UID:a", "DTSTART:20260302T090000Z", "DTEND:20260302T100000Z"),
      event(
        "UID:b",
        "DTSTART:20260303T090000Z",
        "DTEND:20260303T100000Z",
        "BEGIN:VALARM",
        "TRIGGER:-PT15M",
        "DTSTART:20300101T000000Z",
        "DURATION:PT90H",
        "END:VALARM",
      ),
    ),
    busy: ["2026-03-02T09:00Z/2026-03-02T10:00Z", "2026-03-03T09:00Z/2026-03-03T10:00Z"],
  },
  {
    trouble: "the same event twice, and one UID for everything",
    feed: calendar(
      event("UID:x", "DTSTART:20260302T090000Z", "DURATION:PT1H"),
      event("UID:x", "DTSTART:20260302T090000Z", "DURATION:PT1H"),
      event("UID:x", "DTSTART:20260303T090000Z", "DURATION:PT1H"),
    ),
    busy: ["2026-03-02T09:00Z/2026-03-02T10:00Z", "2026-03-03T09:00Z/2026-03-03T10:00Z"],
  },
  {
    trouble: "times of the years 1601 and 9999",
    feed: calendar(
      event("UID:a", "DTSTART:16010101T090000Z", "DTEND:99991231T235959Z"),
      event("UID:b", "DTSTART;TZID=America/New_York:00010101T090000", "DURATION:PT1H", "RRULE:FREQ=YEARLY"),
    ),
    busy: ["2000-01-01T00:00Z/2200-01-01T00:00Z"],
  },
  {
    trouble: "rules that ask for every second or name no day, beside one that does not",
    feed: calendar(
      event("UID:a", "DTSTART:20260302T090000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY"),
      event("UID:b", "DTSTART:20260302T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
      event("UID:c", "DTSTART:16010101T090000Z", "DURATION:PT1H", "RRULE:FREQ=MINUTELY;COUNT=2000000000"),
    ),
    busy: ["2026-03-02T09:00Z/2026-03-02T10:00Z"],
    skipped: 2,
  },
  {
    trouble: "lines that are made to be slow to read",
    feed: calendar(
      event("UID:a", `DTSTART${";A=b".repeat(200_000)}:20260302T090000Z`, "DURATION:PT1H"),
      event(
        "UID:b",
        "DTSTART:20260302T090000Z",
        "DURATION:PT1H",
        `EXDATE:${"20260303T090000Z,".repeat(100_000)}`,
      ),
      event("UID:c", "DTSTART:20260302T090000Z", "DURATION:PT1H"),
      event("UID:d", `DTSTART${";A=b".repeat(10_000)}:20260304T090000Z`, "DURATION:PT1H"),
    ),
    busy: ["2026-03-02T09:00Z/2026-03-02T10:00Z"],
    skipped: 3,
  },
];

describe("a feed is read as it is meant:", () => {
  test.each(troubles)("$trouble", ({ feed, busy, skipped = 0 }) => {
    expect(busyIn(feed)).toEqual(busy);
    expect(read(feed).skipped).toBe(skipped);
  });
});

test("whole days and floating times are those of the coach, wherever the hub stands", () => {
  const feed = calendar(
    event("UID:a", "DTSTART;VALUE=DATE:20260305"),
    event("UID:b", "DTSTART:20260310T090000", "DURATION:PT1H"),
  );
  expect(busyIn(feed, { timeZone: "America/New_York" })).toEqual([
    "2026-03-05T05:00Z/2026-03-06T05:00Z",
    "2026-03-10T13:00Z/2026-03-10T14:00Z",
  ]);
});

const webPage = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>BEGIN</body></html>";

describe("what is no calendar is told in words:", () => {
  test.each([
    ["a page to sign in", webPage, /web page came instead of a calendar/],
    ["nothing", "  \r\n", /empty/],
    ["something else", '{"error":"gone"}', /not a calendar/],
    ["one that breaks off", calendar(event("DTSTART:20260302T090000Z")).slice(0, -20), /breaks off/],
    [
      "one that is nested without end",
      calendar(lines("BEGIN:VEVENT").repeat(1) + lines("BEGIN:X").repeat(100_000)),
      /nested/,
    ],
    [
      "one whose rules ask for too much in all",
      calendar(
        ...Array.from({ length: 500 }, (_, index) =>
          event(`UID:${index}`, "DTSTART:20200101T000000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY"),
        ),
      ),
      /too much work/,
    ],
    [
      "one of more busy times than a coach has",
      calendar(
        ...Array.from({ length: 5 }, (_, index) =>
          event(`UID:${index}`, `DTSTART:20260301T000${index}00Z`, "DURATION:PT1S", "RRULE:FREQ=HOURLY"),
        ),
      ),
      /more than 20000 busy times/,
    ],
  ])("%s", (_, feed, words) => {
    const reading = () => read(feed, { horizonDays: 366 });
    expect(reading).toThrow(
      expect.objectContaining({ name: "FeedError", message: expect.stringMatching(words) }),
    );
  });
});

test("busy times that overlap are put together where there are too many of them", () => {
  const feed = calendar(
    ...Array.from({ length: 25 }, (_, index) =>
      event(
        `UID:${index}`,
        `DTSTART:20260301T0000${String(index).padStart(2, "0")}Z`,
        "DURATION:PT30M",
        "RRULE:FREQ=HOURLY",
      ),
    ),
  );
  const { busy } = read(feed, { horizonDays: 366 });
  expect(busy).toHaveLength(366 * 24);
  expect(busy[0]).toMatchObject({ start: now, end: now + 30 * 60_000 + 24_000 });
});

test.each(["\r", "\n", "\r\n", "\r\r\n", " \r", "\n \n"])(
  "a megabyte of line ends, %j, takes no longer than any other",
  (ends) => {
    const run = ends.repeat(1_000_000 / ends.length);
    const feed = calendar(run, event("DTSTART:20260302T090000Z", run, "DURATION:PT1H"), run);
    const startedAt = performance.now();
    expect(busyIn(feed)).toEqual(["2026-03-02T09:00Z/2026-03-02T10:00Z"]);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  },
);

describe("5,000 events", () => {
  test("are read at once", () => {
    const feed = manyEvents(5_000, new Date("2026-03-02T00:00:00Z"));
    const startedAt = performance.now();
    const { busy, skipped } = read(feed, { horizonDays: 366 });
    expect({ busy: busy.length, skipped }).toEqual({ busy: 5_000, skipped: 0 });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test("that repeat every week since 2015 too", () => {
    const feed = calendar(
      ...Array.from({ length: 5_000 }, (_, index) =>
        event(
          `UID:${index}`,
          `DTSTART;${berlin}:20150105T0${index % 10}0000`,
          `DTEND;${berlin}:20150105T0${index % 10}3000`,
          "RRULE:FREQ=WEEKLY;BYDAY=MO,WE",
        ),
      ),
    );
    expect(read(feed, { horizonDays: 366 }).skipped).toBe(0);
  });
});

describe("zones as Windows names them", () => {
  const folder = createRequire(import.meta.url)
    .resolve("node-ical/package.json")
    .replace("package.json", "");
  const others = Object.entries(
    JSON.parse(readFileSync(`${folder}windowsZones.json`, "utf8")) as Record<string, { iana: string[] }>,
  ).filter(([name]) => !name.startsWith("("));
  const canonical = (timeZone: string): string =>
    new Intl.DateTimeFormat("en", { timeZone }).resolvedOptions().timeZone;

  test("are those that another library knows", () => {
    expect(others.length).toBeGreaterThan(130);
    for (const [name, { iana }] of others) {
      const zone = zoneOfWindows(name) ?? name;
      expect([name, isTimeZone(zone), canonical(zone)]).toEqual([name, true, canonical(iana[0] ?? "")]);
    }
  });
});
