import { describe, expect, test } from "vitest";
import { decideJoin } from "../../src/domain/room/join.ts";
import { decideMessage } from "../../src/domain/room/message.ts";
import type { LockedRoom, Person } from "../../src/domain/room/request.ts";
import { type RoomState, applyRoomEvent, sessionOf } from "../../src/domain/room/state.ts";
import type { RoomEvent } from "../../src/domain/room.ts";
import type { Session } from "../../src/domain/session.ts";
import { Bucket } from "../../src/realtime/rate.ts";

const now = new Date("2030-01-07T10:00:00Z");
const session: Session = {
  id: "s",
  bookingId: "b",
  status: "scheduled",
  coachId: "ada",
  clientId: "maya",
  startsAt: now,
  endsAt: new Date("2030-01-07T11:00:00Z"),
  startedAt: null,
  endedAt: null,
  endReason: null,
  absent: null,
  participantCount: 0,
  lastSeq: 1,
  version: 1,
  createdAt: now,
  updatedAt: now,
};
const roomOf = (change: Partial<LockedRoom> = {}): LockedRoom => ({
  session,
  now,
  requiresAdmission: false,
  present: new Map(),
  admissions: new Map(),
  messages: new Map(),
  ...change,
});
const rules = { joinEarlyMinutes: 15, roomCapacity: 3, autoStart: "both_present" } as const;
const ada: Person = { participantId: "ada", role: "coach", name: "Ada" };
const maya: Person = { participantId: "maya", role: "client", name: "Maya" };
const gus: Person = { participantId: "gus", role: "guest", name: "Gus" };
const join = (room: LockedRoom, person: Person) => decideJoin(room, { kind: "join", person }, rules);

describe("joining", () => {
  test("each sees what those before did in the same batch: numbers follow on, and with both the session starts", () => {
    const room = roomOf();
    expect(join(room, ada).changes.events.map(({ seq, event }) => [seq, event.type])).toEqual([
      [2, "participant:joined"],
    ]);
    const { changes, result } = join(room, maya);
    expect(changes.events.map(({ seq, event }) => [seq, event.type])).toEqual([
      [3, "participant:joined"],
      [4, "session:started"],
    ]);
    expect(result).toEqual({ waiting: false, seq: 4 });
    expect(room.session).toMatchObject({ status: "in_progress", startedAt: now, version: 2, lastSeq: 4 });
    expect(changes.events[1]?.event.data).toMatchObject({ session: { lastSeq: 4, participantCount: 2 } });
    // Another device is no news.
    expect(join(room, maya)).toMatchObject({ changes: { events: [], visits: [] }, result: { seq: 4 } });
  });

  test("a guest waits where the session wants it, once, until admitted; coach and client never wait", () => {
    const room = roomOf({ requiresAdmission: true });
    expect(join(room, gus)).toMatchObject({
      changes: { waiting: [gus], events: [] },
      result: { waiting: true },
    });
    expect(join(room, gus)).toMatchObject({ changes: { waiting: [] }, result: { waiting: true } });
    expect(join(room, ada).result.waiting).toBe(false);
    expect(
      join(roomOf({ requiresAdmission: true, admissions: new Map([["gus", "admitted"]]) }), gus).result,
    ).toEqual({
      waiting: false,
      seq: 2,
    });
    expect(join(roomOf(), gus).result.waiting).toBe(false);
  });

  test("who was removed stays out; a full room takes nobody new; a closed one nobody", () => {
    expect(() => join(roomOf({ admissions: new Map([["maya", "removed"]]) }), maya)).toThrow("removed");
    const full = new Map([
      ["a", "guest"],
      ["b", "guest"],
      ["maya", "client"],
    ] as const);
    expect(() => join(roomOf({ present: new Map(full) }), gus)).toThrow("room_full");
    expect(join(roomOf({ present: new Map(full) }), maya).result.waiting).toBe(false);
    expect(() => join(roomOf({ session: { ...session, status: "completed" } }), ada)).toThrow(
      "session_closed",
    );
    const early = new Date(now.getTime() - 16 * 60_000);
    expect(() => join(roomOf({ now: early }), ada)).toThrow("too_early");
  });
});

describe("speaking", () => {
  const say = (room: LockedRoom, clientMessageId: string) =>
    decideMessage(
      room,
      { kind: "message", person: ada, text: "hi", clientMessageId },
      () => `id-${clientMessageId}`,
    );

  test("a message under an id that was used gives the first result, within a batch as well", () => {
    const room = roomOf({ present: new Map([["ada", "coach"]]) });
    expect(say(room, "1").result).toEqual({ seq: 2, messageId: "id-1" });
    expect(say(room, "2").result).toEqual({ seq: 3, messageId: "id-2" });
    expect(say(room, "1")).toEqual({
      changes: { visits: [], events: [], outbox: [], waiting: [] },
      result: { seq: 2, messageId: "id-1" },
    });
    const closed = roomOf({ ...room, session: { ...session, status: "completed" } });
    expect(say(closed, "2").result.seq).toBe(3);
    expect(() => say(closed, "3")).toThrow("session_closed");
    expect(() => say(roomOf(), "1")).toThrow("forbidden");
  });
});

test("a room's state follows its events: who is in it, and how its session stands", () => {
  const event = (seq: number, type: RoomEvent["type"], data: unknown): RoomEvent => ({
    sessionId: "s",
    seq,
    id: `e${seq}`,
    type,
    at: now,
    actor: { type: "system", id: "courtside" },
    data,
  });
  let state: RoomState = { seq: 1, session, participants: new Map() };
  // Dates come as text where events were read back.
  state = applyRoomEvent(state, event(2, "participant:joined", { ...ada, joinedAt: now.toISOString() }));
  state = applyRoomEvent(state, event(3, "participant:joined", { ...maya, joinedAt: now }));
  const started = { ...session, status: "in_progress", startedAt: now.toISOString() };
  state = applyRoomEvent(state, event(4, "session:started", { session: started }));
  state = applyRoomEvent(
    state,
    event(5, "message:posted", { participantId: "ada", name: "Ada", text: "hi" }),
  );
  expect(state.participants.get("ada")).toEqual({
    ...ada,
    joinedAt: now,
    connections: 1,
    status: "connected",
    state: {},
  });
  expect(sessionOf(state)).toMatchObject({
    status: "in_progress",
    startedAt: now,
    lastSeq: 5,
    participantCount: 2,
  });
  state = applyRoomEvent(state, event(6, "participant:left", { participantId: "ada", reason: "left" }));
  expect([...state.participants.keys()]).toEqual(["maya"]);
});

test("a bucket gives its burst at once, and then so many a second", () => {
  const bucket = new Bucket({ perSecond: 20, burst: 40 }, 0);
  expect(Array.from({ length: 41 }, () => bucket.take(0))).toEqual([
    ...Array.from({ length: 40 }, () => 0),
    50,
  ]);
  expect(bucket.take(25)).toBe(25);
  expect(bucket.take(50)).toBe(0);
  expect(bucket.take(1_050)).toBe(0);
  // It never holds more than its burst, however long nobody asked.
  expect(Array.from({ length: 41 }, () => bucket.take(1e9)).filter((wait) => wait > 0)).toHaveLength(1);
});
