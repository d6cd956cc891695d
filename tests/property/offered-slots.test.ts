import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DomainError } from "../../src/domain/errors.ts";
import type { Principal } from "../../src/domain/principal.ts";
import { setAvailability } from "../../src/usecases/availability/set.ts";
import { createBlock } from "../../src/usecases/blocks/create.ts";
import { bookSession } from "../../src/usecases/bookings/book.ts";
import { createHold } from "../../src/usecases/holds/create.ts";
import { createSessionType } from "../../src/usecases/session-types/create.ts";
import { listSlots } from "../../src/usecases/slots/list.ts";
import { type TestApp, createTestApp } from "../support/app.ts";

let world: TestApp;
const principal: Principal = { kind: "key", id: crypto.randomUUID(), name: "tests", scope: "admin" };
const context = { principal, requestId: "offered-slots" };

beforeAll(async () => {
  world = await createTestApp();
});

afterAll(async () => {
  await world.close();
});

const time = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
const window = fc
  .tuple(fc.integer({ min: 0, max: 92 }), fc.integer({ min: 1, max: 40 }))
  .map(([from, length]) => ({ start: time(from * 15), end: time(Math.min(1440, (from + length) * 15)) }));
/** Days on both sides of the night in which Berlin's clocks go forward, and of the one in which they go back. */
const night = fc.constantFrom("2030-03-30T12:00:00Z", "2030-10-26T12:00:00Z", "2030-01-07T00:00:00Z");
const taken = fc.record({
  from: fc.integer({ min: 0, max: 190 }),
  length: fc.integer({ min: 1, max: 12 }),
  how: fc.constantFrom("book", "hold", "block", "busy"),
});

const calendar = fc.record({
  zone: fc.constantFrom("Europe/Berlin", "America/New_York", "Australia/Lord_Howe"),
  rules: fc.option(
    fc.array(fc.record({ weekday: fc.integer({ min: 1, max: 7 }), window }), { maxLength: 10 }),
  ),
  night,
  taken: fc.array(taken, { maxLength: 12 }),
  dailyLimit: fc.option(fc.integer({ min: 1, max: 4 })),
  bufferBeforeMinutes: fc.constantFrom(0, 10, 45),
  bufferAfterMinutes: fc.constantFrom(0, 15),
  durationMinutes: fc.constantFrom(15, 50, 120),
  tries: fc.array(fc.integer({ min: 0, max: 191 }), { minLength: 6, maxLength: 6 }),
});

type Calendar = typeof calendar extends fc.Arbitrary<infer T> ? T : never;

/** Makes a coach with this calendar, and a type to book them by. */
const make = async (input: Calendar) => {
  const from = new Date(input.night);
  const at = (quarter: number): Date => new Date(from.getTime() + quarter * 15 * 60_000);
  const coach = await world.makeCoach({
    timeZone: input.zone,
    ...(input.dailyLimit === null ? {} : { dailyLimit: input.dailyLimit }),
  });
  const seen = new Set<number>();
  const rules = input.rules
    ?.filter(({ weekday }) => !seen.has(weekday) && seen.add(weekday))
    .map(({ weekday, window: { start, end } }) => ({ weekday, start, end }));
  if (rules) await setAvailability(world.app, context, { coach: coach.id, rules, overrides: [] });
  const { bufferBeforeMinutes, bufferAfterMinutes, durationMinutes } = input;
  const type = await createSessionType(world.app, context, {
    slug: `s-${crypto.randomUUID()}`,
    name: "T",
    coachIds: [coach.id],
    durationMinutes,
    bufferBeforeMinutes,
    bufferAfterMinutes,
  });
  const client = await world.makeClient();
  const calendarId = crypto.randomUUID();
  await world.db`INSERT INTO calendars (id, coach_id, url, synced_at) VALUES (${calendarId}, ${coach.id}, 'https://example.com', now())`;
  for (const { from: start, length, how } of input.taken) {
    const startsAt = at(start);
    const endsAt = at(start + length);
    const durations = { startsAt, durationMinutes: length * 15 };
    await refusable(async () => {
      if (how === "book")
        await bookSession(world.app, context, { coachId: coach.id, clientId: client.id, ...durations });
      if (how === "hold") await createHold(world.app, context, { coachId: coach.id, ...durations });
      if (how === "block") await createBlock(world.app, context, { coachId: coach.id, startsAt, endsAt });
      if (how === "busy")
        await world.db`INSERT INTO busy_periods (calendar_id, coach_id, period, uid) VALUES (${calendarId}, ${coach.id}, tstzrange(${startsAt}, ${endsAt}), 'u')`;
    });
  }
  return { coach, type, at, from };
};

/** False when it was refused. */
const refusable = async (work: () => Promise<unknown>): Promise<boolean> => {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof DomainError && error.code === "slot_unavailable") return false;
    throw error;
  }
};

test("a slot is listed if and only if booking it at once succeeds, whatever the calendar and the night", async () => {
  let listed = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(calendar, async (input) => {
      const { coach, type, at, from } = await make(input);
      for (const [index, quarter] of input.tries.entries()) {
        // Windows begin at quarters of an hour, and clocks move by halves at least: a step of five minutes meets all.
        const { slots } = await listSlots(world.app, {
          coachId: coach.id,
          from,
          to: at(192),
          sessionTypeId: type.id,
          stepMinutes: 5,
        });
        // One try in two is of a slot that is offered, if there is any.
        const chosen = index % 2 === 0 ? slots[quarter % Math.max(1, slots.length)] : undefined;
        const startsAt = chosen ? new Date(chosen.start) : at(quarter);
        const offered = slots.some(({ start }) => start === startsAt.getTime());
        const client = await world.makeClient();
        const input2 = { coachId: coach.id, clientId: client.id, sessionTypeId: type.id, startsAt };
        const booked = await refusable(() => bookSession(world.app, context, input2));
        expect({ at: startsAt.toISOString(), offered }).toEqual({
          at: startsAt.toISOString(),
          offered: booked,
        });
        if (booked) listed += 1;
        else refused += 1;
      }
    }),
    { numRuns: 40, endOnFailure: true },
  );
  expect(listed).toBeGreaterThan(20);
  expect(refused).toBeGreaterThan(20);
});
