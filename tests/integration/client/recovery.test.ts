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
import { createTcpProxy } from "../../support/tcp-proxy.ts";
import { waitFor } from "../../support/wait.ts";

let script: ScriptedHub;
let hub: Courtside;

beforeEach(async () => {
  script = await createScriptedHub();
  script.answer("session:join", () => aSnapshot(0));
  hub = connectTo({});
});

afterEach(async () => {
  hub.close();
  await script.close();
});

const connectTo = (more: { requestTimeoutMs?: number }): Courtside =>
  connect({ url: script.url, token: "token", backoff: { minMs: 5, maxMs: 20 }, ...more });

/** Answers a join as a hub whose log has so many messages: with those after `after`. */
const answerFromLog = (length: () => number): void => {
  script.answer("session:join", ({ payload }) => {
    const after = payload["after"] as number | undefined;
    const log = Array.from({ length: length() }, (_, index) => aMessage(index + 1));
    return aSnapshot(length(), { events: after === undefined ? [] : log.slice(after) });
  });
};

const tell = (...seqs: number[]): void => {
  for (const seq of seqs) script.socket().emit("message:posted", aMessage(seq));
};

describe("events are told in order, each once", () => {
  test("one that was told is dropped when it comes again", async () => {
    const room = await hub.join(sessionId);
    const seqs: number[] = [];
    room.on("event", ({ seq }) => seqs.push(seq));
    tell(1, 1, 2, 1, 2, 3);
    await waitFor(() => room.seq === 3, { what: "the third event" });
    expect(seqs).toEqual([1, 2, 3]);
    expect(script.asked("session:join")).toHaveLength(1);
  });

  test("where one is missing, the room is joined again from there, and nothing is missing", async () => {
    const room = await hub.join(sessionId);
    const seqs: number[] = [];
    room.on("event", ({ seq }) => seqs.push(seq));
    answerFromLog(() => 4);
    tell(1, 4);
    await waitFor(() => room.seq === 4, { what: "the room to heal" });
    tell(5);
    await waitFor(() => room.seq === 5, { what: "the event after" });
    expect(seqs).toEqual([1, 2, 3, 4, 5]);
    expect(script.asked("session:join")).toEqual([{ sessionId }, { sessionId, after: 1 }]);
  });

  test("what comes while the room is being joined again follows after it", async () => {
    const room = await hub.join(sessionId);
    const seqs: number[] = [];
    room.on("event", ({ seq }) => seqs.push(seq));
    script.answer("session:join", ({ socket }) => {
      // Before the answer, on the same connection: what is in it, and what is newer.
      for (const seq of [1, 2, 3]) socket.emit("message:posted", aMessage(seq));
      const change = { sessionId, participantId: "maya", status: "reconnecting", connections: 0 };
      socket.emit("presence:changed", change);
      return aSnapshot(2, { events: [aMessage(1), aMessage(2)] });
    });
    tell(3);
    await waitFor(() => room.seq === 3, { what: "the newest event" });
    expect(seqs).toEqual([1, 2, 3]);
    expect(room.participants.get("maya")?.status).toBe("reconnecting");
    expect(script.asked("session:join")).toHaveLength(2);
  });

  test("handlers attached right after the join miss nothing that came with its answer", async () => {
    script.answer("session:join", ({ socket, answer }) => {
      answer(aSnapshot(0));
      socket.emit("message:posted", aMessage(1));
      socket.emit("message:posted", aMessage(2));
      return null;
    });
    const room = await hub.join(sessionId);
    const seqs: number[] = [];
    for await (const { seq } of room) {
      seqs.push(seq);
      if (seq === 2) break;
    }
    expect(seqs).toEqual([1, 2]);
  });

  test("a hub that has let the missing events go resets the room to its snapshot", async () => {
    const room = await hub.join(sessionId);
    const told: string[] = [];
    room.on("event", ({ seq }) => told.push(`${seq}`));
    room.on("reset", () => told.push(`reset to ${room.seq}`));
    const reader = room[Symbol.asyncIterator]();
    script.answer("session:join", () =>
      aSnapshot(2_000, { recovered: false, participants: [aPerson("ada")] }),
    );
    tell(5);
    await waitFor(() => room.seq === 2_000, { what: "the reset" });
    tell(2_001);
    await waitFor(() => room.seq === 2_001, { what: "the event after" });
    expect(told).toEqual(["reset to 2000", "2001"]);
    expect([...room.participants.keys()]).toEqual(["ada"]);
    await expect(reader.next()).rejects.toMatchObject({ code: "events_missed" });
  });

  test("a hub whose log ends before what was seen resets the room", async () => {
    answerFromLog(() => 7);
    const room = await hub.join(sessionId);
    let resets = 0;
    room.on("reset", () => (resets += 1));
    script.answer("session:join", ({ payload }) =>
      "after" in payload
        ? { ok: false, error: { code: "invalid_request", message: "after is beyond the newest event" } }
        : aSnapshot(3),
    );
    script.socket().conn.close();
    await waitFor(() => resets === 1, { what: "the reset" });
    expect(room.seq).toBe(3);
  });

  test("a handler that throws keeps nobody else from hearing, and its error is reported", async () => {
    const room = await hub.join(sessionId);
    const reported: unknown[] = [];
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.once("uncaughtException", (error) => reported.push(error));
    try {
      const seqs: number[] = [];
      room.on("message:posted", () => {
        throw new Error("a handler's own fault");
      });
      room.on("message:posted", ({ seq }) => seqs.push(seq));
      tell(1);
      await waitFor(() => reported.length === 1, { what: "the report" });
      expect(seqs).toEqual([1]);
    } finally {
      process.removeAllListeners("uncaughtException");
      for (const listener of others) process.on("uncaughtException", listener);
    }
  });
});

describe("a room", () => {
  test("is joined again after a lost connection from the newest event that was seen", async () => {
    const room = await hub.join(sessionId);
    tell(1, 2);
    await waitFor(() => room.seq === 2, { what: "two events" });
    answerFromLog(() => 5);
    const seqs: number[] = [];
    room.on("message:posted", ({ seq }) => seqs.push(seq));
    script.socket().conn.close();
    await waitFor(() => room.seq === 5, { what: "the missed events" });
    expect(seqs).toEqual([3, 4, 5]);
    expect(script.asked("session:join").at(-1)).toEqual({ sessionId, after: 2 });
  });

  test("comes back from a network that swallows everything without a word, and posts what waited once", async () => {
    const silent = await createScriptedHub({ pingMs: 150 });
    const proxy = await createTcpProxy(silent.url);
    silent.answer("session:join", () => aSnapshot(0));
    silent.answer("message:send", ({ payload }) => ({ ok: true, seq: 1, messageId: payload["text"] }));
    const far = connect({
      url: proxy.url,
      token: "token",
      backoff: { minMs: 5, maxMs: 20 },
      requestTimeoutMs: 400,
    });
    try {
      const room = await far.join(sessionId);
      proxy.stall();
      const sent = room.send("hello?");
      await waitFor(() => far.status !== "online", { what: "the silence to be noticed" });
      proxy.resume();
      expect(await sent).toMatchObject({ messageId: "hello?" });
      const ids = silent.asked("message:send").map(({ clientMessageId }) => clientMessageId);
      expect(new Set(ids).size).toBe(1);
      expect(silent.asked("session:join").at(-1)).toEqual({ sessionId, after: 0 });
    } finally {
      far.close();
      await proxy.close();
      await silent.close();
    }
  });

  test("is tried again after the time that the hub asked for", async () => {
    let refusals = 0;
    const askedAt: number[] = [];
    script.answer("session:join", () => {
      askedAt.push(performance.now());
      if (refusals++ === 0) {
        return { ok: false, error: { code: "rate_limited", message: "later", retryAfterMs: 300 } };
      }
      return aSnapshot(0);
    });
    await hub.join(sessionId);
    expect((askedAt[1] ?? 0) - (askedAt[0] ?? 0)).toBeGreaterThanOrEqual(290);
  });

  test("that refuses for good says why, and can be tried again", async () => {
    script.answer("session:join", () => ({
      ok: false,
      error: { code: "too_early", message: "The room opens at ten.", retryAfterMs: 60_000 },
    }));
    await expect(hub.join(sessionId)).rejects.toMatchObject({
      name: "CourtsideError",
      code: "too_early",
      message: "The room opens at ten.",
      retryAfterMs: 60_000,
    });
    script.answer("session:join", () => aSnapshot(0));
    const room = await hub.join(sessionId);
    expect(room.self.participantId).toBe("ada");
    await expect(hub.join(sessionId)).rejects.toMatchObject({ code: "already_joined" });
  });

  test("that closes the door while one is away ends with that error, after an end that was seen without", async () => {
    const refused = () => ({ ok: false, error: { code: "session_closed", message: "over" } });
    const room = await hub.join(sessionId);
    const closed: unknown[] = [];
    room.on("closed", (error) => closed.push(error));
    const reader = room[Symbol.asyncIterator]();
    script.answer("session:join", refused);
    script.socket().conn.close();
    await expect(reader.next()).rejects.toMatchObject({ code: "session_closed" });
    expect(closed).toMatchObject([{ code: "session_closed" }]);
    await expect(room.send("late")).rejects.toMatchObject({ code: "session_closed" });

    script.answer("session:join", () => aSnapshot(0));
    const again = await hub.join(sessionId);
    again.on("closed", (error) => closed.push(error));
    const session = aSession({ status: "cancelled" });
    script
      .socket()
      .emit("session:cancelled", { ...aMessage(1), type: "session:cancelled", data: { session } });
    await waitFor(() => again.session.status === "cancelled", { what: "the cancellation" });
    script.answer("session:join", refused);
    script.socket().conn.close();
    await waitFor(() => again.closed, { what: "the room to close" });
    expect(closed[1]).toBeNull();
  });

  test("ends with its summary, which is the last that is told", async () => {
    const room = await hub.join(sessionId);
    const told: string[] = [];
    room.on("summary:ready", () => told.push("summary"));
    room.on("closed", () => told.push("closed"));
    tell(1);
    script.socket().emit("summary:ready", { ...aMessage(2), type: "summary:ready", data: { summary: {} } });
    const types: string[] = [];
    for await (const { type } of room) types.push(type);
    expect(types).toEqual(["message:posted", "summary:ready"]);
    expect(told).toEqual(["summary", "closed"]);
    expect(room.closed).toBe(true);
  });

  test("can be given up while it is awaited, with the signal's reason, and is left", async () => {
    script.answer("session:join", null);
    const giveUp = new AbortController();
    const joining = hub.join(sessionId, { signal: giveUp.signal });
    await waitFor(() => script.asked("session:join").length === 1, { what: "the join" });
    const reason = new Error("no time");
    giveUp.abort(reason);
    await expect(joining).rejects.toBe(reason);
    await waitFor(() => script.asked("session:leave").length === 1, { what: "the leave" });
    await expect(hub.join(sessionId, { signal: giveUp.signal })).rejects.toBe(reason);
  });
});

describe("requests", () => {
  test("a message that may have arrived is sent again under the same id, before those after it", async () => {
    const room = await hub.join(sessionId);
    const texts = (): unknown[] => script.asked("message:send").map(({ text }) => text);
    script.answer("message:send", null);
    const sent = [room.send("one"), room.send("two")];
    await waitFor(() => texts().length === 1, { what: "the first try" });
    script.answer("message:send", ({ payload }) => ({ ok: true, seq: 9, messageId: payload["text"] }));
    script.socket().conn.close();
    expect(await Promise.all(sent)).toMatchObject([{ messageId: "one" }, { messageId: "two" }]);
    expect(texts()).toEqual(["one", "one", "two"]);
    const ids = script.asked("message:send").map(({ clientMessageId }) => clientMessageId);
    expect(ids[0]).toMatch(/^[\da-f]{32}$/);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  test("messages go out one at a time, the next when the one before is acknowledged", async () => {
    const room = await hub.join(sessionId);
    const answers: (() => void)[] = [];
    script.answer("message:send", ({ payload, answer }) => {
      answers.push(() => answer({ ok: true, seq: 1, messageId: payload["text"] }));
      return null;
    });
    await room.signal({ type: "round trip" });
    const sent = ["one", "two", "three"].map((text) => room.send(text));
    for (let n = 1; n <= 3; n++) {
      await waitFor(() => answers.length === n, { what: `message ${n}` });
      // Whatever else was on its way has arrived before this is answered.
      await room.signal({ type: "round trip" });
      expect(script.asked("message:send")).toHaveLength(n);
      answers[n - 1]?.();
    }
    expect((await Promise.all(sent)).map(({ messageId }) => messageId)).toEqual(["one", "two", "three"]);
  });

  test("a message that is not answered or put off is sent again on the same connection; a refusal is told", async () => {
    hub.close();
    hub = connectTo({ requestTimeoutMs: 100 });
    const room = await hub.join(sessionId);
    let tries = 0;
    script.answer("message:send", ({ payload }) => {
      tries += 1;
      if (tries === 1) return null;
      if (tries === 2)
        return { ok: false, error: { code: "unavailable", message: "soon", retryAfterMs: 20 } };
      if (payload["text"] === "bad") return { ok: false, error: { code: "forbidden", message: "no" } };
      return { ok: true, seq: 1, messageId: "m" };
    });
    expect(await room.send("good")).toMatchObject({ seq: 1, messageId: "m" });
    expect(new Set(script.asked("message:send").map(({ clientMessageId }) => clientMessageId)).size).toBe(1);
    await expect(room.send("bad")).rejects.toMatchObject({ code: "forbidden" });
    expect(await room.send("after")).toMatchObject({ seq: 1 });
    expect(script.sockets()).toHaveLength(1);
  });

  test("messages wait in a bounded number, and are rejected when the room is left", async () => {
    const room = await hub.join(sessionId);
    script.answer("message:send", null);
    const sent = Array.from({ length: 101 }, (_, n) => room.send(`${n}`));
    await expect(sent.at(-1)).rejects.toMatchObject({ code: "outbox_full" });
    await room.leave();
    for (const one of sent.slice(0, 100)) await expect(one).rejects.toMatchObject({ code: "closed" });
    await expect(room.send("late")).rejects.toMatchObject({ code: "closed" });
    expect(script.asked("session:leave")).toEqual([{ sessionId }]);
  });

  test("what is asked and not answered is told apart: late, lost with the connection, refused", async () => {
    hub.close();
    hub = connectTo({ requestTimeoutMs: 150 });
    const room = await hub.join(sessionId);
    script.answer("session:start", null);
    await expect(room.start()).rejects.toMatchObject({ code: "timeout" });
    const lost = room.end("done");
    script.answer("session:end", ({ socket }) => {
      socket.conn.close();
      return null;
    });
    await expect(lost).rejects.toMatchObject({ code: "connection_lost" });
    script.answer("session:end", () => ({ ok: false, error: { code: "forbidden", message: "not yours" } }));
    await expect(room.end()).rejects.toMatchObject({ code: "forbidden", message: "not yours" });
    script.answer("session:end", () => ({ ok: true, session: aSession({ status: "completed" }) }));
    expect(await room.end()).toMatchObject({ status: "completed" });
    expect(script.asked("session:end").map(({ reason }) => reason)).toEqual(["done", undefined, undefined]);
  });

  test("what nobody awaits fails in silence", async () => {
    const room = await hub.join(sessionId);
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    try {
      for (const name of ["message:send", "signal", "participant:update", "session:start"]) {
        script.answer(name, () => ({ ok: false, error: { code: "forbidden", message: "no" } }));
      }
      script.answer("session:join", null);
      void room.send("one");
      void room.signal({ type: "typing" });
      void room.update({ hand: true });
      void room.start();
      void hub.watchBoard().catch(() => {});
      await waitFor(() => script.asked("session:start").length === 1, { what: "the requests" });
      hub.close();
      void room.admit("gus");
      await waitFor(() => script.sockets().length === 0, { what: "the end" });
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });

  test("signals and states go out as they were given, and come in by name", async () => {
    const room = await hub.join(sessionId);
    const heard: unknown[] = [];
    room.on("signal", (signal) => heard.push(signal));
    room.on("participant:updated", ({ state }) => heard.push(state));
    await room.signal({ type: "offer", data: { sdp: "…" }, to: "maya" });
    await room.update({ hand: true });
    await room.admit("gus");
    expect(script.asked("signal")).toEqual([{ sessionId, type: "offer", data: { sdp: "…" }, to: "maya" }]);
    expect(script.asked("participant:update")).toEqual([{ sessionId, state: { hand: true } }]);
    expect(script.asked("participant:admit")).toEqual([{ sessionId, participantId: "gus" }]);
    const signal = { sessionId, from: "maya", type: "answer", data: 1 };
    script.socket().emit("signal", signal);
    script.socket().emit("participant:updated", { sessionId, participantId: "maya", state: { mute: true } });
    await waitFor(() => heard.length === 2, { what: "both" });
    expect(heard).toEqual([signal, { mute: true }]);
    expect(room.participants.get("maya")?.state).toEqual({ mute: true });
  });
});
