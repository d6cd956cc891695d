import { afterAll, beforeAll, expect, test } from "vitest";
import type { Sql } from "../../../src/db/client.ts";
import { insertVisits } from "../../../src/db/attendance.ts";
import { leaveRoom } from "../../../src/usecases/rooms/leave.ts";
import { cancelSession } from "../../../src/usecases/sessions/cancel.ts";
import { endSession } from "../../../src/usecases/sessions/end.ts";
import { startSession } from "../../../src/usecases/sessions/start.ts";
import { summariseSession } from "../../../src/usecases/sessions/summarise.ts";
import { type ToldEntry, bodiesOf } from "../../../src/usecases/webhooks/bodies.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { type Served, serve } from "../../support/serve.ts";

let world: TestApp;
let hub: Served;

beforeAll(async () => {
  world = await createTestApp();
  hub = await serve(world);
});

afterAll(async () => {
  await hub.close();
  await world.close();
});

const admin = {
  principal: { kind: "key", id: crypto.randomUUID(), name: "tests", scope: "admin" },
  requestId: "req-7",
} as const;

type Body = {
  id: string;
  type: string;
  at: string;
  requestId: string | null;
  idempotencyKey?: string;
  data: Record<string, unknown>;
};

/** The entry of this type that tells of this session or booking. */
const entryOf = async (type: string, subject: string): Promise<ToldEntry> => {
  const [entry] = await world.db<ToldEntry[]>`
    SELECT id, type, payload, request_id, idempotency_key, created_at FROM outbox
    WHERE type = ${type} AND ${subject} IN (payload->>'bookingId', payload->>'sessionId')`;
  if (!entry) throw new Error(`there is no entry ${type}`);
  return entry;
};

const bodyOf = async (entry: ToldEntry): Promise<Body> => {
  const text = (await bodiesOf(world.db, [entry])).get(entry.id);
  return JSON.parse(text ?? "null") as Body;
};

const get = async (path: string): Promise<Record<string, unknown>> =>
  (await hub.send("GET", path, { as: world.keys.admin })).body;

const booked = async () =>
  world.makeBooking({ coach: await world.makeCoach(), client: await world.makeClient() });

test("a booking is told as the API answers it, with its session, and with whose request made it", async () => {
  const [coach, client] = [await world.makeCoach(), await world.makeClient()];
  const made = await hub.send("POST", "/v1/bookings", {
    as: world.keys.bookings,
    headers: { "idempotency-key": "order-17", "x-request-id": "their-request" },
    body: {
      coachId: coach.id,
      clientId: client.id,
      startsAt: new Date(Date.now() + 3_600_000).toISOString(),
      durationMinutes: 30,
      metadata: { order: "17" },
    },
  });
  const booking = made.body["booking"] as { id: string; sessionId: string };
  const entry = await entryOf("booking.accepted", booking.id);
  expect(await bodyOf(entry)).toEqual({
    id: entry.id,
    type: "booking.accepted",
    at: entry.createdAt.toISOString(),
    requestId: "their-request",
    idempotencyKey: "order-17",
    data: {
      booking: await get(`/v1/bookings/${booking.id}`),
      session: await get(`/v1/sessions/${booking.sessionId}`),
    },
  });
  const cancel = await hub.send("POST", `/v1/bookings/${booking.id}/cancel`, {
    as: world.keys.bookings,
    body: { reason: "ill" },
  });
  expect(cancel.status).toBe(200);
  const cancelled = await bodyOf(await entryOf("booking.cancelled", booking.id));
  expect(cancelled).not.toHaveProperty("idempotencyKey");
  expect(cancelled.data).toEqual({
    booking: await get(`/v1/bookings/${booking.id}`),
    session: await get(`/v1/sessions/${booking.sessionId}`),
    reason: "ill",
  });
  expect(cancelled.data["booking"]).toMatchObject({ status: "cancelled" });
});

test("a session and its summary are told as the API answers them, with the booking", async () => {
  const { booking, session } = await booked();
  await startSession(world.app, admin, { id: session.id });
  await endSession(world.app, admin, { id: session.id });
  await summariseSession(world.app, { sessionId: session.id, requestId: "req-8" });
  const expected = {
    booking: await get(`/v1/bookings/${booking.id}`),
    session: await get(`/v1/sessions/${session.id}`),
  };
  const entries = [await entryOf("session.ended", session.id), await entryOf("summary.ready", session.id)];
  const bodies = await bodiesOf(world.db, entries);
  const [ended, ready] = entries.map(({ id }) => JSON.parse(bodies.get(id) ?? "null") as Body) as [
    Body,
    Body,
  ];
  expect([ended.requestId, ended.data]).toEqual(["req-7", expected]);
  const summary = await get(`/v1/sessions/${session.id}/summary`);
  expect([ready.requestId, ready.data]).toEqual(["req-8", { ...expected, summary }]);
});

test("people are told as the attendance has them; who left and is back has left, in what tells of that", async () => {
  const { session } = await booked();
  const visit = async (joinedAt: Date) => {
    const person = { participantId: session.clientId, role: "client", name: "Maya" } as const;
    await insertVisits(world.db, [{ id: world.app.newId(), sessionId: session.id, ...person, joinedAt }]);
  };
  await visit(new Date(Date.now() - 60_000));
  const left = { sessionId: session.id, participantId: session.clientId, requestId: "req-9" };
  expect(await leaveRoom(world.app, { ...left, reason: "left" })).toBe(true);
  await visit(new Date(Date.now() + 1_000));
  const { data } = await get(`/v1/sessions/${session.id}/attendance`);
  const [before, now] = data as [Record<string, unknown>, Record<string, unknown>];
  const entry = await entryOf("participant.left", session.id);
  const gone = await bodyOf(entry);
  expect(gone.data["participant"]).toEqual(before);
  expect(before["leftReason"]).toBe("left");
  const joined = await bodyOf({ ...entry, type: "participant.joined" });
  expect(joined.data["participant"]).toEqual(now);
  expect(now["leftAt"]).toBeNull();
  expect(joined.data).not.toHaveProperty("summary");
});

test("a booking that waits for approval has no session in what is told", async () => {
  const [coach, client] = [await world.makeCoach(), await world.makeClient()];
  const type = await hub.send("POST", "/v1/session-types", {
    as: world.keys.admin,
    body: { slug: "asked", name: "Asked", coachIds: [coach.id], durationMinutes: 30, requiresApproval: true },
  });
  const made = await hub.send("POST", "/v1/bookings", {
    as: world.keys.bookings,
    body: {
      coachId: coach.id,
      clientId: client.id,
      startsAt: new Date(Date.now() + 3_600_000).toISOString(),
      sessionTypeId: type.body["id"],
    },
  });
  const { id } = made.body["booking"] as { id: string };
  const requested = await bodyOf(await entryOf("booking.requested", id));
  expect(requested.data).toEqual({ booking: await get(`/v1/bookings/${id}`) });
});

test("who was absent is told", async () => {
  const { session } = await booked();
  await cancelSession(world.app, admin, { id: session.id, reason: "storm" });
  const entry = await entryOf("session.cancelled", session.id);
  const payload = { sessionId: session.id, absent: "client" } as const;
  const noShow = { ...entry, type: "session.no_show", payload };
  expect((await bodyOf(noShow)).data).toMatchObject({ absent: "client", session: { id: session.id } });
});

test("a hundred entries take no more statements than one", async () => {
  const sessions = [];
  for (let n = 0; n < 5; n += 1) sessions.push((await booked()).session);
  const entries = await world.db<ToldEntry[]>`
    SELECT id, type, payload, request_id, idempotency_key, created_at FROM outbox WHERE type = 'booking.accepted'`;
  const many = Array.from({ length: 100 }, (_, n): ToldEntry => {
    const entry = entries[n % entries.length] as ToldEntry;
    return { ...entry, id: world.app.newId() };
  });
  const count = async (asked: readonly ToldEntry[]): Promise<number> => {
    let statements = 0;
    const sql = new Proxy(world.db as Sql, {
      apply: (target, self, parameters: [unknown, ...unknown[]]) => {
        statements += 1;
        return Reflect.apply(target, self, parameters) as unknown;
      },
    });
    expect((await bodiesOf(sql, asked)).size).toBe(asked.length);
    return statements;
  };
  expect(await count(many)).toBe(await count(many.slice(0, 1)));
});
