import fc from "fast-check";
import { expect, test } from "vitest";
import { type Evidence, judge } from "../../src/domain/session/judge.ts";
import { isClosed, nextStatus } from "../../src/domain/session.ts";
import { overlapMs, timelineOf } from "../../src/domain/timeline.ts";

const origin = Date.UTC(2030, 0, 7, 10);
/** Everything happens at whole steps, so that a slow count of steps is exact. */
const stepMs = 20_000;
const at = (step: number): Date => new Date(origin + step * stepMs);
/** Steps after which whatever may happen by itself has happened. */
const horizon = 2_000;

type Visit = Evidence["visits"][number];

const visit: fc.Arbitrary<Visit> = fc
  .record({
    role: fc.constantFrom<Visit["role"]>("coach", "client", "guest", "observer"),
    from: fc.integer({ min: -60, max: 300 }),
    steps: fc.option(fc.integer({ min: 0, max: 100 }), { freq: 4 }),
    leftReason: fc.constantFrom<Visit["leftReason"]>("left", "lost", "removed"),
  })
  .map(({ role, from, steps, leftReason }) => ({
    role,
    joinedAt: at(from),
    leftAt: steps === null ? null : at(from + steps),
    leftReason: steps === null ? null : leftReason,
  }));

const evidence: fc.Arbitrary<Evidence> = fc
  .record({
    startedAt: fc.option(fc.integer({ min: -60, max: 300 })),
    length: fc.integer({ min: 1, max: 180 }),
    location: fc.constantFrom("room" as const, "room" as const, "room" as const, "url" as const),
    visits: fc.array(visit, { maxLength: 8 }),
    timers: fc.record({
      emptyRoomMinutes: fc.nat({ max: 20 }),
      maxOverrunMinutes: fc.nat({ max: 40 }),
      noShowMinutes: fc.integer({ min: 1, max: 20 }),
      joinEarlyMinutes: fc.nat({ max: 20 }),
    }),
  })
  .map(({ startedAt, length, ...rest }) => ({
    ...rest,
    session: {
      status: startedAt === null ? "scheduled" : "in_progress",
      startsAt: at(0),
      endsAt: at(length),
      startedAt: startedAt === null ? null : at(startedAt),
    },
  }));

/** How many steps of those before `until` are true of: the slow and obvious way to measure time. */
const countSteps = (until: Date, isTrue: (step: number) => boolean): number => {
  let count = 0;
  for (let step = -60; at(step) < until; step++) if (isTrue(step)) count += 1;
  return count;
};

const isThere = (visits: readonly Visit[], role: Visit["role"], step: number): boolean =>
  visits.some(
    (one) => one.role === role && one.joinedAt <= at(step) && (one.leftAt === null || one.leftAt > at(step)),
  );

const minuteSteps = 60_000 / stepMs;

test("every open session comes to an end, once, at a time that does not depend on who looks when", () => {
  fc.assert(
    fc.property(evidence, fc.integer({ min: -60, max: horizon }), (facts, step) => {
      const verdict = judge(facts, at(horizon));
      if (!verdict) throw new Error("a session went on for ever");
      expect(judge(facts, at(step))).toEqual(at(step) < verdict.at ? null : verdict);
      const { status } = facts.session;
      const after = nextStatus(status, verdict.outcome === "no_show" ? "no_show" : "complete");
      expect(isClosed(after)).toBe(true);
      expect(judge({ ...facts, session: { ...facts.session, status: after } }, at(horizon))).toBeNull();
    }),
    { numRuns: 1_000 },
  );
});

test("with coach and client together for a minute it is completed, and whoever is absent was not there for one", () => {
  fc.assert(
    fc.property(evidence, (facts) => {
      const verdict = judge(facts, at(horizon));
      if (!verdict || facts.location !== "room") return;
      const { visits, session, timers } = facts;
      const opensAt = new Date(session.startsAt.getTime() - timers.joinEarlyMinutes * 60_000);
      const opened = session.startedAt && session.startedAt < opensAt ? session.startedAt : opensAt;
      const own = visits.filter(({ leftAt }) => leftAt === null || leftAt > opened);
      const steps = (role: Visit["role"]) => countSteps(verdict.at, (step) => isThere(own, role, step));
      const together = countSteps(
        verdict.at,
        (step) => isThere(own, "coach", step) && isThere(own, "client", step),
      );
      expect(verdict.outcome).toBe(together >= minuteSteps ? "completed" : "no_show");
      if (verdict.reason === "no_show" || verdict.outcome === "completed") return;
      const missed = (["coach", "client"] as const).filter((role) => steps(role) < minuteSteps);
      expect(verdict.absent).toBe(missed.length === 1 ? missed[0] : "both");
    }),
    { numRuns: 1_000 },
  );
});

test("nobody is told before its time: no no-show before the start, and no end with people there before the overrun", () => {
  fc.assert(
    fc.property(evidence, (facts) => {
      const verdict = judge(facts, at(horizon));
      if (!verdict) return;
      const { session, visits, timers } = facts;
      const after = (from: Date, minutes: number) => new Date(from.getTime() + minutes * 60_000);
      if (verdict.outcome === "no_show") expect(verdict.at >= session.startsAt).toBe(true);
      if (verdict.reason === "no_show")
        expect(verdict.at >= after(session.startsAt, timers.noShowMinutes)).toBe(true);
      const isWatched = visits.some(({ leftAt }) => leftAt === null);
      if (facts.location === "room" && session.status === "in_progress" && isWatched)
        expect(verdict.at >= after(session.endsAt, timers.maxOverrunMinutes)).toBe(true);
      if (session.startedAt) expect(verdict.at >= session.startedAt).toBe(true);
      if (facts.location === "url") expect(verdict.at >= session.endsAt).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test("what two timelines share is what a count of moments says", () => {
  const stretch = fc
    .record({ start: fc.integer({ min: 0, max: 60 }), length: fc.nat({ max: 20 }) })
    .map(({ start, length }) => ({ start, end: start + length }));
  const stretches = fc.array(stretch, { maxLength: 8 });
  fc.assert(
    fc.property(stretches, stretches, (one, other) => {
      const within = (all: typeof one, moment: number) =>
        all.some(({ start, end }) => start <= moment && moment < end);
      let shared = 0;
      for (let moment = 0; moment < 100; moment++)
        if (within(one, moment) && within(other, moment)) shared += 1;
      expect(overlapMs(timelineOf(one), timelineOf(other))).toBe(shared);
    }),
  );
});
