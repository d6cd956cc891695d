import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { v7 as uuidv7 } from "uuid";
import { listOpenSessions } from "../../../src/db/open-sessions.ts";
import { listEvents } from "../../../src/db/session-events.ts";
import { findSession } from "../../../src/db/sessions.ts";
import type { Principal } from "../../../src/domain/principal.ts";
import type { Session } from "../../../src/domain/session.ts";
import { joinRoom } from "../../../src/usecases/rooms/join.ts";
import { closeOverdueSessions } from "../../../src/usecases/sessions/close-overdue.ts";
import { cancelSession } from "../../../src/usecases/sessions/cancel.ts";
import { endSession } from "../../../src/usecases/sessions/end.ts";
import { createSessionType } from "../../../src/usecases/session-types/create.ts";
import { readSummary } from "../../../src/usecases/sessions/summary.ts";
import { summariseSession } from "../../../src/usecases/sessions/summarise.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { type MadeSession, type PastSession, makePastSession } from "../../support/past-session.ts";
import { waitFor } from "../../support/wait.ts";

let world: TestApp;
let other: TestApp;
const principal: Principal = { kind: "key", id: uuidv7(), name: "tests", scope: "admin" };
const context = { principal, requestId: "tests" };

beforeAll(async () => {
  world = await createTestApp();
  other = await createTestApp({}, world);
});

afterAll(async () => {
  await other.close();
  await world.close();
});

// What one test leaves open must not be closed in the next one.
afterEach(async () => {
  await world.db`UPDATE attendance SET left_at = now(), left_reason = 'left' WHERE left_at IS NULL`;
  await world.db`UPDATE sessions SET status = 'cancelled', ended_at = now() WHERE status IN ('scheduled', 'in_progress')`;
});

const make = (past: PastSession): Promise<MadeSession> => makePastSession(world, past);
const read = async (id: string): Promise<Session> => {
  const session = await findSession(world.db, id);
  if (!session) throw new Error("the session is gone");
  return session;
};
/** How a session stands, and when it ended in whole minutes from now. */
const outcomeOf = async ({ id }: { id: string }) => {
  const { status, absent, endReason, endedAt } = await read(id);
  const endedIn = endedAt && Math.round((endedAt.getTime() - Date.now()) / 60_000);
  return [status, absent, endReason, endedIn];
};
const typesOf = async ({ id }: { id: string }): Promise<string[]> =>
  (await listEvents(world.db, id, { after: 1, limit: 100 })).map(({ type }) => type);
const outboxOf = ({ id }: { id: string }) => world.db<{ type: string; absent: string | null }[]>`
  SELECT type, payload ->> 'absent' AS absent FROM outbox
  WHERE payload ->> 'sessionId' = ${id} AND type LIKE 'session.%' ORDER BY id`;
const makeType = async (input: Partial<Parameters<typeof createSessionType>[2]>) => {
  const fields = { slug: `type-${uuidv7()}`, name: "Talk", durationMinutes: 30, ...input };
  return (await createSessionType(world.app, context, fields)).id;
};
const makeTyped = async (past: PastSession, type: Partial<Parameters<typeof createSessionType>[2]>) => {
  const coach = await world.makeCoach();
  return make({ ...past, coach, sessionTypeId: await makeType({ ...type, coachIds: [coach.id] }) });
};

describe("what is overdue", () => {
  test("is closed after a day of downtime with the outcome and the time that the facts say", async () => {
    const day = -24 * 60;
    const nobody = await make({ startsIn: day, endsIn: day + 60 });
    const alone = await make({
      startsIn: day,
      endsIn: day + 60,
      visits: [{ role: "client", from: day - 5, until: day + 10 }],
    });
    // Every node died while they were there, and the first one that came back let them go as lost.
    const lost = await make({
      startsIn: day,
      endsIn: day + 60,
      startedIn: day,
      visits: [
        { role: "coach", from: day, until: -1, leftReason: "lost" },
        { role: "client", from: day, until: -1, leftReason: "lost" },
      ],
    });
    // Nobody has let these go yet.
    const stuck = await make({
      startsIn: day,
      endsIn: day + 60,
      startedIn: day,
      visits: [{ role: "coach", from: day }],
    });
    const left = await make({
      startsIn: day,
      endsIn: day + 60,
      startedIn: day,
      visits: [
        { role: "coach", from: day, until: day + 20 },
        { role: "client", from: day, until: day + 20 },
      ],
    });
    const unstarted = await make({
      startsIn: day,
      endsIn: day + 60,
      visits: [
        { role: "coach", from: day, until: day + 30 },
        { role: "client", from: day, until: day + 30 },
      ],
    });
    const elsewhere = await makeTyped(
      { startsIn: day, endsIn: day + 60 },
      { location: { kind: "url", value: "https://meet.example.com/1" } },
    );
    const ahead = await make({ startsIn: 10, endsIn: 40 });

    expect(await closeOverdueSessions(world.app)).toBe(7);

    expect(await outcomeOf(nobody)).toEqual(["no_show", "both", "no_show", day + 15]);
    expect(await outcomeOf(alone)).toEqual(["no_show", "coach", "no_show", day + 15]);
    expect(await outcomeOf(lost)).toEqual(["completed", null, "overrun", day + 90]);
    expect(await outcomeOf(stuck)).toEqual(["no_show", "client", "overrun", day + 90]);
    expect(await outcomeOf(left)).toEqual(["completed", null, "empty_room", day + 35]);
    expect(await outcomeOf(unstarted)).toEqual(["completed", null, "overrun", day + 90]);
    expect(await outcomeOf(elsewhere)).toEqual(["completed", null, "time_over", day + 60]);
    expect((await read(ahead.id)).status).toBe("scheduled");
    expect(await closeOverdueSessions(world.app)).toBe(0);
  });

  test("leaves nobody in a room that has closed, and nobody there for longer than it was open", async () => {
    const day = -24 * 60;
    const { id } = await make({
      startsIn: day,
      endsIn: day + 60,
      startedIn: day,
      visits: [
        { role: "coach", from: day },
        { role: "client", from: day, until: -1, leftReason: "lost" },
        { role: "guest", from: day, until: day + 30 },
      ],
    });
    await closeOverdueSessions(world.app);
    const { endedAt, participantCount } = await read(id);
    expect(participantCount).toBe(0);
    const visits = await world.db<{ role: string; leftAt: Date; leftReason: string }[]>`
      SELECT role, left_at, left_reason FROM attendance WHERE session_id = ${id}`;
    const leaves = Object.fromEntries(visits.map(({ role, ...leave }) => [role, leave]));
    expect(leaves["coach"]).toEqual({ leftAt: endedAt, leftReason: "closed" });
    expect(leaves["client"]).toEqual({ leftAt: endedAt, leftReason: "lost" });
    expect(leaves["guest"]?.leftAt.getTime()).toBeLessThan(endedAt?.getTime() ?? 0);
    expect(await world.db`SELECT FROM attendance WHERE left_at IS NULL`).toHaveLength(0);
  });

  test("tells its room first, then who was there leaves, and the outbox says what it came to", async () => {
    const overrun = await make({
      startsIn: -100,
      endsIn: -40,
      startedIn: -100,
      visits: [
        { role: "coach", from: -100 },
        { role: "client", from: -99 },
      ],
    });
    const alone = await make({ startsIn: -20, endsIn: 40, visits: [{ role: "client", from: -20 }] });
    await closeOverdueSessions(world.app);
    expect(await typesOf(overrun)).toEqual(["session:ended", "participant:left", "participant:left"]);
    expect(await typesOf(alone)).toEqual(["session:no_show", "participant:left"]);
    const [told, left] = await listEvents(world.db, alone.id, { after: 1, limit: 10 });
    const session = await read(alone.id);
    expect(told).toMatchObject({
      actor: { type: "system" },
      data: {
        absent: "coach",
        reason: "no_show",
        session: { status: "no_show", absent: "coach", lastSeq: 2 },
      },
    });
    expect(left).toMatchObject({
      data: { participantId: alone.client.id, reason: "closed", leftAt: session.endedAt?.toISOString() },
    });
    expect(session).toMatchObject({ version: 2, lastSeq: 3 });
    expect(await outboxOf(overrun)).toEqual([{ type: "session.ended", absent: null }]);
    expect(await outboxOf(alone)).toEqual([{ type: "session.no_show", absent: "coach" }]);
    const bookings = await world.db`
      SELECT FROM bookings WHERE id IN (${overrun.bookingId}, ${alone.bookingId}) AND status = 'accepted'`;
    expect(bookings).toHaveLength(2);
    expect(await summariseSession(world.app, { sessionId: alone.id, requestId: "t" })).toBe("written");
    expect(await readSummary(world.app, context, alone.id)).toMatchObject({ durationMinutes: 0 });
  });

  test("is judged by the timers of its own type where it has some, and by the hub's where not", async () => {
    const patient = { noShowMinutes: 60, maxOverrunMinutes: 90, emptyRoomMinutes: 60 };
    const visits = [
      { role: "coach", from: -40, until: -20 },
      { role: "client", from: -40, until: -20 },
    ] as const;
    const awaited = await makeTyped({ startsIn: -30, endsIn: 30 }, patient);
    const resting = await makeTyped({ startsIn: -40, endsIn: 20, startedIn: -40, visits }, patient);
    const brisk = await makeTyped({ startsIn: -5, endsIn: 55 }, { noShowMinutes: 3 });
    const plain = await makeTyped({ startsIn: -30, endsIn: 30 }, {});
    expect(await closeOverdueSessions(world.app)).toBe(2);
    expect((await read(awaited.id)).status).toBe("scheduled");
    expect((await read(resting.id)).status).toBe("in_progress");
    expect(await outcomeOf(brisk)).toEqual(["no_show", "both", "no_show", -2]);
    expect(await outcomeOf(plain)).toEqual(["no_show", "both", "no_show", -15]);
  });

  test("is not: a room with people in it before its overrun, nor who may still come, nor a meeting elsewhere", async () => {
    const open = [
      await make({ startsIn: -80, endsIn: -20, startedIn: -80, visits: [{ role: "coach", from: -80 }] }),
      await make({ startsIn: -14, endsIn: 46 }),
      await make({
        startsIn: -60,
        endsIn: -20,
        visits: [
          { role: "coach", from: -60 },
          { role: "client", from: -50, until: -45 },
        ],
      }),
      await makeTyped({ startsIn: -60, endsIn: 5 }, { location: { kind: "in_person" } }),
    ];
    expect(await closeOverdueSessions(world.app)).toBe(0);
    for (const { id } of open) expect(["scheduled", "in_progress"]).toContain((await read(id)).status);
  });
});

describe("at the same moment", () => {
  test("workers close each session once, with one event, and share them", async () => {
    const sessions = await Promise.all(
      Array.from({ length: 24 }, (_, index) =>
        make(
          index % 2 === 0
            ? { startsIn: -60, endsIn: 0, visits: [{ role: "coach", from: -60 }] }
            : { startsIn: -120, endsIn: -60, startedIn: -120 },
        ),
      ),
    );
    const closed = await Promise.all(
      [world, other, world, other].map(({ app }) => closeOverdueSessions(app)),
    );
    const rest = await closeOverdueSessions(world.app);
    expect(closed.reduce((sum, count) => sum + count, rest)).toBe(24);
    for (const session of sessions) {
      expect((await typesOf(session)).filter((type) => type === "session:no_show")).toHaveLength(1);
      expect(await outboxOf(session)).toHaveLength(1);
      expect((await read(session.id)).version).toBe(2);
    }
  });

  test("somebody ends, somebody cancels and it is overdue: one of them wins, the others are refused", async () => {
    for (let round = 0; round < 12; round++) {
      const { id } = await make({
        startsIn: -100,
        endsIn: -40,
        startedIn: -100,
        visits: [{ role: "coach", from: -100 }],
      });
      const [swept, ended, cancelled] = await Promise.allSettled([
        closeOverdueSessions(other.app),
        endSession(world.app, context, { id, reason: "said" }),
        cancelSession(world.app, context, { id }),
      ]);
      const { status, version } = await read(id);
      expect(version).toBe(2);
      const won = {
        no_show: swept.status === "fulfilled" && swept.value === 1,
        completed: ended.status === "fulfilled",
        cancelled: cancelled.status === "fulfilled",
      };
      expect(Object.entries(won).filter(([, hasWon]) => hasWon)).toEqual([[status, true]]);
      for (const attempt of [ended, cancelled])
        if (attempt.status === "rejected")
          expect(attempt.reason).toMatchObject({ code: "invalid_state", facts: { state: status } });
      const closings = ["session:ended", "session:cancelled", "session:no_show"];
      expect((await typesOf({ id })).filter((type) => closings.includes(type))).toHaveLength(1);
    }
  });

  test("somebody comes back to an empty room after it was looked at and before it is closed: it goes on", async () => {
    const slow = await make({
      startsIn: -100,
      endsIn: -40,
      startedIn: -100,
      visits: [{ role: "coach", from: -100 }],
    });
    const empty = await make({ startsIn: -30, endsIn: 30, startedIn: -30 });
    let sweep = Promise.resolve(0);
    await world.db.begin(async (sql) => {
      await sql`SELECT FROM attendance WHERE session_id = ${slow.id} FOR UPDATE`;
      sweep = closeOverdueSessions(other.app);
      const isWaiting = async () =>
        (
          await sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
        ).length > 0;
      await waitFor(isWaiting, { what: "the sweep to wait for the first of them" });
      await joinRoom(
        world.app,
        { ...context, principal: { kind: "user", role: "coach", id: empty.coach.id, name: null } },
        {
          session: { id: empty.id, coachId: empty.coach.id, clientId: empty.client.id },
          connectionId: uuidv7(),
        },
      );
    });
    expect(await sweep).toBe(1);
    expect((await read(slow.id)).status).toBe("no_show");
    expect(await read(empty.id)).toMatchObject({ status: "in_progress", participantCount: 1 });
  });

  test("one session that is locked or broken keeps no other from being closed", async () => {
    const locked = await make({ startsIn: -60, endsIn: 0 });
    const broken = await make({ startsIn: -59, endsIn: 0 });
    const fine = await make({ startsIn: -58, endsIn: 0 });
    // The number of its next event is taken already.
    await world.db`UPDATE sessions SET last_seq = 0 WHERE id = ${broken.id}`;
    await world.db.begin(async (sql) => {
      await sql`SELECT FROM sessions WHERE id = ${locked.id} FOR UPDATE`;
      // Nobody waits for the one, which is no failure; the other one is.
      const failure = (await closeOverdueSessions(other.app).catch(
        (error: unknown) => error,
      )) as AggregateError;
      expect(failure.errors).toMatchObject([{ constraint_name: "session_events_pkey" }]);
    });
    expect((await read(locked.id)).status).toBe("scheduled");
    expect((await read(broken.id)).status).toBe("scheduled");
    expect((await read(fine.id)).status).toBe("no_show");
    await world.db`UPDATE sessions SET last_seq = 1 WHERE id = ${broken.id}`;
    expect(await closeOverdueSessions(other.app)).toBe(2);
  });

  test("those that may go on, however many, hide none that is overdue", async () => {
    const sessionTypeId = await makeType({ location: { kind: "in_person" } });
    const { coach, client } = await make({ startsIn: 10, endsIn: 40 });
    await world.db`
      INSERT INTO bookings (id, coach_id, client_id, session_type_id, status, starts_at, ends_at, metadata)
      SELECT gen_random_uuid(), ${coach.id}, ${client.id}, ${sessionTypeId}, 'cancelled', now(), now() + interval '1 hour', '{}'
      FROM generate_series(1, 450)`;
    // All begin at one moment, which is not a whole millisecond.
    await world.db`
      INSERT INTO sessions (id, booking_id, coach_id, client_id, status, starts_at, ends_at)
      SELECT gen_random_uuid(), id, coach_id, client_id, 'scheduled', date_trunc('second', now()) - interval '3000.0001 s', now() + interval '1 hour'
      FROM bookings WHERE session_type_id = ${sessionTypeId}`;
    const overdue = await make({ startsIn: -40, endsIn: 20 });
    expect(await closeOverdueSessions(world.app)).toBe(1);
    expect((await read(overdue.id)).status).toBe("no_show");
  });
});

test("what is overdue is found by indexes of what is open, whatever the history", async () => {
  const fresh = await createTestApp();
  try {
    const { id } = await makePastSession(fresh, { startsIn: -60, endsIn: 0 });
    await fresh.db.begin(async (sql) => {
      // A table as small as a test's is read whole otherwise.
      await sql`SET LOCAL enable_seqscan = off`;
      for (const after of [null, id])
        for (const status of ["scheduled", "in_progress"] as const)
          await listOpenSessions(sql, status, { after, limit: 200 });
      await sql`SELECT pg_stat_force_next_flush()`;
    });
    const indexes = await fresh.db<{ name: string }[]>`
      SELECT indexrelname AS name FROM pg_stat_user_indexes WHERE idx_scan >= 2 AND relname = 'sessions'`;
    const names = indexes.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["sessions_scheduled", "sessions_in_progress"]));
    expect(names).not.toContain("sessions_starts");
  } finally {
    await fresh.close();
  }
});
