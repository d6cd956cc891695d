import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Courtside, connect } from "../../../src/client/client.ts";
import {
  type ScriptedHub,
  aMessage,
  aPerson,
  aSession,
  aSnapshot,
  createScriptedHub,
  sessionId,
} from "../../support/scripted-hub.ts";
import { waitFor } from "../../support/wait.ts";

let script: ScriptedHub;
let hub: Courtside;

beforeEach(async () => {
  script = await createScriptedHub();
  hub = connect({ url: script.url, token: "token", backoff: { minMs: 5, maxMs: 20 } });
});

afterEach(async () => {
  hub.close();
  await script.close();
});

const admission = (seq: number) => ({
  sessionId,
  session: aSession({ lastSeq: seq }),
  self: aPerson("gus", { role: "guest" }),
  participants: [aPerson("ada"), aPerson("gus", { role: "guest" })],
  seq,
});

describe("a guest in the lobby", () => {
  beforeEach(() => {
    script.answer("session:join", () => ({ ok: true, waiting: true }));
  });

  test("is told to wait, waits on over a lost connection, and is in the room once admitted", async () => {
    let waits = 0;
    const joining = hub.join(sessionId, { onWaiting: () => (waits += 1) });
    await waitFor(() => waits === 1, { what: "the lobby" });
    script.socket().conn.close();
    await waitFor(() => waits === 2, { what: "the lobby again" });
    script.socket().emit("admission:granted", admission(4));
    script.socket().emit("message:posted", aMessage(5));
    const room = await joining;
    expect(room.self).toMatchObject({ participantId: "gus", role: "guest" });
    expect([...room.participants.keys()]).toEqual(["ada", "gus"]);
    await waitFor(() => room.seq === 5, { what: "what follows" });
  });

  test("is in the room also when the admission comes right behind the answer, or before it", async () => {
    for (const admitFirst of [false, true]) {
      script.answer("session:join", ({ socket, answer }) => {
        if (admitFirst) socket.emit("admission:granted", admission(4));
        answer({ ok: true, waiting: true });
        if (!admitFirst) socket.emit("admission:granted", admission(4));
        return null;
      });
      const room = await hub.join(sessionId);
      expect(room.seq).toBe(4);
      await room.leave();
    }
  });

  test("who is refused is told why", async () => {
    const joining = hub.join(sessionId, {
      onWaiting: () =>
        script.socket().emit("admission:refused", { sessionId, code: "room_full", message: "No room." }),
    });
    await expect(joining).rejects.toMatchObject({ code: "room_full", message: "No room." });
  });

  test("who gives up leaves the lobby", async () => {
    const giveUp = new AbortController();
    const joining = hub.join(sessionId, { signal: giveUp.signal, onWaiting: () => giveUp.abort() });
    await expect(joining).rejects.toMatchObject({ name: "AbortError" });
    await waitFor(() => script.asked("session:leave").length === 1, { what: "the leave" });
  });
});

test("a coach sees who waits, as they come and go, and admits them", async () => {
  script.answer("session:join", () => aSnapshot(0, { waiting: [{ participantId: "gus", name: "Gus" }] }));
  const room = await hub.join(sessionId);
  expect([...room.waiting.keys()]).toEqual(["gus"]);
  let changes = 0;
  room.on("change", () => (changes += 1));
  const waiting = (participantId: string, waits: boolean): void => {
    const payload = { sessionId, participantId, name: participantId, waiting: waits };
    script.socket().emit("participant:waiting", payload);
  };
  waiting("eve", true);
  waiting("gus", false);
  waiting("nobody", false);
  script.socket().emit("message:posted", aMessage(1));
  await waitFor(() => room.seq === 1, { what: "all of it" });
  expect([...room.waiting.keys()]).toEqual(["eve"]);
  expect(changes).toBe(2);
});

describe("a coach's board", () => {
  const other = "0198c0de-0000-7000-8000-000000000002";
  const started = (seq: number, id = sessionId) => ({
    ...aMessage(seq),
    sessionId: id,
    type: "session:started",
    data: { session: aSession({ id, status: "in_progress", lastSeq: seq }) },
  });
  const joined = (seq: number, participantId: string) => ({
    ...aMessage(seq),
    type: "participant:joined",
    data: { participantId, role: "client", name: participantId, joinedAt: "2030-01-01T10:00:00.000Z" },
  });

  beforeEach(() => {
    script.answer("board:watch", () => ({
      ok: true,
      sessions: [{ session: aSession({ lastSeq: 2 }), participants: [aPerson("ada")], waiting: [] }],
    }));
  });

  test("shows the sessions, follows their events, and takes in new ones", async () => {
    const board = await hub.watchBoard();
    expect(await hub.watchBoard()).toBe(board);
    const told: string[] = [];
    board.on("event", ({ type, seq }) => told.push(`${type} ${seq}`));
    script.socket().emit("participant:joined", joined(3, "maya"));
    script.socket().emit("participant:joined", joined(3, "maya"));
    const away = { sessionId, participantId: "maya", status: "reconnecting", connections: 0 };
    script.socket().emit("presence:changed", away);
    script.socket().emit("session:started", started(1, other));
    await waitFor(() => board.sessions.size === 2, { what: "the other session" });
    expect(board.sessions.get(sessionId)?.participants.get("maya")?.status).toBe("reconnecting");
    expect(board.sessions.get(other)?.session.status).toBe("in_progress");
    expect(told).toEqual(["participant:joined 3", "session:started 1"]);
    expect(script.asked("board:watch")).toHaveLength(1);
  });

  test("starts from a new snapshot where an event is missing, and after a lost connection", async () => {
    const board = await hub.watchBoard();
    script.answer("board:watch", () => ({
      ok: true,
      sessions: [{ session: aSession({ lastSeq: 9 }), participants: [], waiting: [] }],
    }));
    script.socket().emit("session:started", started(9));
    await waitFor(() => board.sessions.get(sessionId)?.participants.size === 0, { what: "the new snapshot" });
    script.socket().conn.close();
    await waitFor(() => script.asked("board:watch").length === 3, { what: "the way back" });
  });

  test("tells each event once beside a room of the same session", async () => {
    script.answer("session:join", () => aSnapshot(2));
    const [room, board] = [await hub.join(sessionId), await hub.watchBoard()];
    const told: string[] = [];
    room.on("event", ({ seq }) => told.push(`room ${seq}`));
    board.on("event", ({ seq }) => told.push(`board ${seq}`));
    script.socket().emit("message:posted", aMessage(3));
    script.socket().emit("message:posted", aMessage(4));
    await waitFor(() => told.length === 4, { what: "the events" });
    expect(told.toSorted()).toEqual(["board 3", "board 4", "room 3", "room 4"]);
  });

  test("is refused to those who coach nobody, and can be closed and watched again", async () => {
    script.answer("board:watch", () => ({ ok: false, error: { code: "forbidden", message: "no" } }));
    await expect(hub.watchBoard()).rejects.toMatchObject({ code: "forbidden" });
    script.answer("board:watch", () => ({ ok: true, sessions: [] }));
    const board = await hub.watchBoard();
    board.close();
    expect(await hub.watchBoard()).not.toBe(board);
  });
});
