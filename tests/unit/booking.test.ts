import { describe, expect, test } from "vitest";
import {
  type CoachCalendar,
  assertCancellable,
  decideBooking,
  refusalError,
  requestedPeriod,
} from "../../src/domain/booking.ts";
import { DomainError } from "../../src/domain/errors.ts";

const at = (text: string): Date => new Date(`2030-01-07T${text}:00Z`);
const period = (from: string, to: string) => ({ start: at(from), end: at(to) });
const now = at("08:00");
const request = { clientId: "maya", period: period("10:00", "11:00") };
const calendar = (...claims: CoachCalendar["claims"]): CoachCalendar => ({ active: true, claims });

describe("deciding a booking", () => {
  test("accepts a time that nothing touches", () => {
    expect(decideBooking(calendar(), request, now)).toEqual({ outcome: "accept" });
  });

  test("accepts a time that begins where another claim ends, and ends where another begins", () => {
    const neighbours = calendar(
      { period: period("09:00", "10:00"), booking: null },
      { period: period("11:00", "12:00"), booking: null },
    );
    expect(decideBooking(neighbours, request, now)).toEqual({ outcome: "accept" });
  });

  test("refuses a time that another claim overlaps, by a minute too", () => {
    const overlapping = calendar({ period: period("10:59", "12:00"), booking: null });
    expect(decideBooking(overlapping, request, now)).toEqual({ outcome: "refuse", reason: "taken" });
  });

  test("gives the same client their own booking of exactly this slot", () => {
    const own = { id: "b1", clientId: "maya", period: request.period };
    expect(decideBooking(calendar({ period: request.period, booking: own }), request, now)).toEqual({
      outcome: "existing",
      bookingId: "b1",
    });
  });

  test("refuses another client the same slot, and the same client a slot that merely overlaps", () => {
    const other = { id: "b1", clientId: "noah", period: request.period };
    expect(decideBooking(calendar({ period: request.period, booking: other }), request, now)).toMatchObject({
      reason: "taken",
    });
    const shifted = { id: "b1", clientId: "maya", period: period("10:15", "11:15") };
    expect(decideBooking(calendar({ period: shifted.period, booking: shifted }), request, now)).toMatchObject(
      {
        reason: "taken",
      },
    );
  });

  test("refuses the past and an inactive coach, and names the coach first", () => {
    expect(decideBooking(calendar(), request, at("10:01"))).toMatchObject({ reason: "in_the_past" });
    expect(decideBooking({ active: false, claims: [] }, request, at("10:01"))).toMatchObject({
      reason: "coach_inactive",
    });
  });

  test("tells the past as invalid input, everything else as a conflict with its reason", () => {
    expect(refusalError("in_the_past")).toMatchObject({ kind: "invalid", code: "invalid_request" });
    expect(refusalError("taken")).toMatchObject({ code: "slot_unavailable", facts: { reason: "taken" } });
  });
});

describe("the period that a caller asks for", () => {
  const startsAt = at("10:00");

  test("is a start with a length or an end", () => {
    expect(requestedPeriod({ startsAt, durationMinutes: 30 })).toEqual(period("10:00", "10:30"));
    expect(requestedPeriod({ startsAt, endsAt: at("10:45") })).toEqual(period("10:00", "10:45"));
  });

  test.each([
    ["both a length and an end", { startsAt, durationMinutes: 30, endsAt: at("10:30") }, "endsAt"],
    ["neither", { startsAt }, "durationMinutes"],
    ["an end before the start", { startsAt, endsAt: at("09:00") }, "endsAt"],
    ["no length at all", { startsAt, endsAt: startsAt }, "endsAt"],
    ["more than a day", { startsAt, durationMinutes: 24 * 60 + 1 }, "durationMinutes"],
  ])("is refused with %s, naming the field", (_, time, path) => {
    expect(() => requestedPeriod(time)).toThrowError(
      expect.objectContaining({
        code: "invalid_request",
        facts: { errors: [expect.objectContaining({ path })] },
      }),
    );
  });
});

test("a booking that ended cannot be cancelled, and its state is told", () => {
  expect(() => assertCancellable({ status: "accepted" })).not.toThrow();
  for (const status of ["declined", "cancelled", "expired"] as const) {
    expect(() => assertCancellable({ status })).toThrowError(DomainError);
    expect(() => assertCancellable({ status })).toThrowError(
      expect.objectContaining({ facts: { state: status } }),
    );
  }
});
