import fc from "fast-check";
import { expect, test } from "vitest";
import { DomainError } from "../../src/domain/errors.ts";
import type { LaneRequest } from "../../src/domain/lane/request.ts";
import type { LaneState } from "../../src/domain/lane/state.ts";
import { decideOn, laneState } from "../support/lane-state.ts";

const minute = 60_000;
const origin = Date.UTC(2030, 0, 8);

type Step = {
  kind: "book" | "hold" | "convert" | "cancel" | "reschedule" | "release" | "block";
  start: number;
  length: number;
  who: number;
};

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("book", "hold", "convert", "cancel", "reschedule", "release", "block"),
  start: fc.integer({ min: 0, max: 200 }),
  length: fc.integer({ min: 1, max: 60 }),
  who: fc.nat({ max: 50 }),
});

const pick = <T>(all: readonly T[], n: number): T | undefined => all[n % Math.max(1, all.length)];

const requestOf = (state: LaneState, { kind, start, length, who }: Step): LaneRequest | null => {
  const client = pick(["maya", "noah", "ines"], who) ?? "maya";
  const time = { startsAt: new Date(origin + start * minute), durationMinutes: length };
  const rest = { sessionTypeId: null, title: null, notes: null, metadata: {} };
  if (kind === "book") return { kind, target: { coachId: "ada" }, client: { id: client }, time, ...rest };
  if (kind === "hold")
    return { kind, target: { coachId: "ada" }, clientId: client, time, sessionTypeId: null, ttlSeconds: 60 };
  if (kind === "block") {
    const endsAt = new Date(time.startsAt.getTime() + length * minute);
    return { kind, coachId: "ada", startsAt: time.startsAt, endsAt, reason: null };
  }
  const hold = pick([...state.holds.values()], who);
  if (kind === "convert" || kind === "release") {
    if (!hold) return null;
    return kind === "release"
      ? { kind, holdId: hold.id }
      : { kind: "book", target: { holdId: hold.id }, client: null, time: {}, ...rest };
  }
  const booking = pick([...state.bookings.values()], who);
  if (!booking) return null;
  return kind === "cancel"
    ? { kind, bookingId: booking.id, reason: null }
    : { kind, bookingId: booking.id, ...time };
};

/** What must hold of a lane whatever was asked of it. */
const assertSound = (state: LaneState): void => {
  const claims = state.coaches.get("ada")?.claims ?? [];
  const sorted = claims.toSorted((a, b) => a.taken.start - b.taken.start);
  for (const [index, claim] of sorted.slice(1).entries())
    expect(claim.taken.start).toBeGreaterThanOrEqual(sorted[index]?.taken.end ?? 0);
  const owners = [...state.holds.values(), ...state.bookings.values()].flatMap(
    ({ claimId }) => claimId ?? [],
  );
  const blocks = claims.filter(({ kind }) => kind === "block").map(({ id }) => id);
  expect(new Set([...owners, ...blocks])).toEqual(new Set(claims.map(({ id }) => id)));
  expect(new Set(owners).size).toBe(owners.length);
  for (const { status, claimId } of state.bookings.values())
    expect(claimId !== null).toBe(status === "accepted" || status === "pending");
};

test("however requests come, claims never overlap and each is somebody's; what is refused changes nothing", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const state = laneState();
      for (const one of steps) {
        const request = requestOf(state, one);
        if (!request) continue;
        const before = structuredClone(state);
        try {
          decideOn(state, request);
        } catch (error) {
          expect(error).toBeInstanceOf(DomainError);
          expect(state).toEqual(before);
        }
        assertSound(state);
      }
    }),
    { numRuns: 200 },
  );
});

test("a booking is refused as taken exactly when somebody has some of its time", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const state = laneState();
      for (const one of steps) {
        const request = requestOf(state, { ...one, kind: "book" });
        const start = origin + one.start * minute;
        const end = start + one.length * minute;
        const claims = state.coaches.get("ada")?.claims ?? [];
        const overlaps = claims.some(({ taken }) => taken.start < end && start < taken.end);
        try {
          const { result } = decideOn(state, request as LaneRequest & { kind: "book" });
          expect(overlaps).toBe(!result.created);
        } catch (error) {
          expect(error).toMatchObject({ facts: { reason: "taken" } });
          expect(overlaps).toBe(true);
        }
      }
    }),
  );
});
