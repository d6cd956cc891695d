import { describe, expect, test } from "vitest";
import { refusalError, requestedPeriod } from "../../src/domain/booking.ts";
import {
  type CoachCalendar,
  type SlotReason,
  findReason,
  listReasons,
  noRules,
  slotReasons,
} from "../../src/domain/calendar.ts";

const at = (text: string): Date => new Date(`2030-01-07T${text}:00Z`);
const stretch = (from: string, to: string) => ({ starts: [at(from).getTime()], ends: [at(to).getTime()] });
const nothing = { starts: [], ends: [] };
const now = at("08:00").getTime();
const period = (from: string, to: string) => ({ start: at(from), end: at(to) });

const calendar = (input: Partial<CoachCalendar> = {}): CoachCalendar => ({
  coach: { id: "ada", active: true, timeZone: "UTC", dailyLimit: null },
  windows: null,
  busy: nothing,
  claimed: nothing,
  startsByDay: new Map(),
  ...input,
});
const slot = (from: string, to: string, rules = {}) => ({
  start: at(from).getTime(),
  end: at(to).getTime(),
  rules: { ...noRules, ...rules },
});

describe("the evaluator", () => {
  test("lets pass what nothing is against, between neighbours too", () => {
    expect(findReason(calendar(), slot("10:00", "11:00"), now)).toBeNull();
    const claimed = {
      starts: [at("09:00").getTime(), at("11:00").getTime()],
      ends: [at("10:00").getTime(), at("12:00").getTime()],
    };
    expect(findReason(calendar({ claimed }), slot("10:00", "11:00"), now)).toBeNull();
  });

  const inactive = { id: "ada", active: false, timeZone: "UTC", dailyLimit: null };
  const limited = { id: "ada", active: true, timeZone: "Pacific/Kiritimati", dailyLimit: 2 };
  test.each<[SlotReason, CoachCalendar, ReturnType<typeof slot>]>([
    ["coach_inactive", calendar({ coach: inactive }), slot("10:00", "11:00")],
    ["in_the_past", calendar(), slot("07:59", "09:00")],
    ["too_soon", calendar(), slot("09:59", "11:00", { minimumNoticeMinutes: 120 })],
    [
      "too_far",
      calendar(),
      { ...slot("10:00", "11:00", { bookingWindowDays: 3 }), start: now + 3 * 86_400_000 + 1 },
    ],
    ["outside_availability", calendar({ windows: stretch("10:00", "11:00") }), slot("10:30", "11:30")],
    ["external_busy", calendar({ busy: stretch("10:30", "10:45") }), slot("10:00", "11:00")],
    // At 10:00 UTC it is the next day on Kiritimati, which is what the limit counts.
    [
      "daily_limit",
      calendar({ coach: limited, startsByDay: new Map([[21_922, 2]]) }),
      slot("10:00", "11:00"),
    ],
    ["taken", calendar({ claimed: stretch("10:59", "12:00") }), slot("10:00", "11:00")],
  ])("objects: %s", (reason, of, asked) => {
    expect(findReason(of, asked, now)).toBe(reason);
    // What has gone by is too soon as well.
    expect(
      listReasons(of, asked, now).filter((other) => other !== "too_soon" || reason === "too_soon"),
    ).toEqual([reason]);
  });

  test("asks for free time around a session, but not for working time", () => {
    const buffers = { bufferBeforeMinutes: 15, bufferAfterMinutes: 10 };
    const windows = stretch("10:00", "11:00");
    expect(findReason(calendar({ windows }), slot("10:00", "11:00", buffers), now)).toBeNull();
    expect(
      findReason(calendar({ claimed: stretch("09:00", "09:46") }), slot("10:00", "11:00", buffers), now),
    ).toBe("taken");
    expect(
      findReason(calendar({ claimed: stretch("09:00", "09:45") }), slot("10:00", "11:00", buffers), now),
    ).toBeNull();
    expect(
      findReason(calendar({ busy: stretch("11:09", "12:00") }), slot("10:00", "11:00", buffers), now),
    ).toBe("external_busy");
  });

  test("tells every reason in the order of the contract, and the first of them when there is room for one", () => {
    const everything = calendar({
      coach: { ...inactive, dailyLimit: 0 },
      windows: nothing,
      busy: stretch("00:00", "23:00"),
      claimed: stretch("00:00", "23:00"),
    });
    const past = slot("07:00", "08:00", { minimumNoticeMinutes: 1 });
    expect(listReasons(everything, past, now)).toEqual(slotReasons.filter((reason) => reason !== "too_far"));
    expect(findReason(everything, past, now)).toBe("coach_inactive");
  });

  test("tells the past as invalid input, everything else as a conflict with its reason", () => {
    expect(refusalError("in_the_past")).toMatchObject({ kind: "invalid", code: "invalid_request" });
    expect(refusalError("taken")).toMatchObject({ code: "slot_unavailable", facts: { reason: "taken" } });
  });
});

describe("the period that a caller asks for", () => {
  const startsAt = at("10:00");

  test("is a start with a length or an end, or the length of a session type", () => {
    expect(requestedPeriod({ startsAt, durationMinutes: 30 })).toEqual(period("10:00", "10:30"));
    expect(requestedPeriod({ startsAt, endsAt: at("10:45") })).toEqual(period("10:00", "10:45"));
    expect(requestedPeriod({ startsAt }, 20)).toEqual(period("10:00", "10:20"));
  });

  test.each([
    ["both a length and an end", { startsAt, durationMinutes: 30, endsAt: at("10:30") }, null, "endsAt"],
    ["neither", { startsAt }, null, "durationMinutes"],
    ["an end before the start", { startsAt, endsAt: at("09:00") }, null, "endsAt"],
    ["no length at all", { startsAt, endsAt: startsAt }, null, "endsAt"],
    ["more than a day", { startsAt, durationMinutes: 24 * 60 + 1 }, null, "durationMinutes"],
    ["a length beside a session type", { startsAt, durationMinutes: 20 }, 20, "durationMinutes"],
  ])("is refused with %s, naming the field", (_, time, typeMinutes, path) => {
    expect(() => requestedPeriod(time, typeMinutes)).toThrowError(
      expect.objectContaining({
        code: "invalid_request",
        facts: { errors: [expect.objectContaining({ path })] },
      }),
    );
  });
});
