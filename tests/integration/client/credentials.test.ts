import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ConnectOptions, type Courtside, connect } from "../../../src/client/client.ts";
import {
  type ScriptedHub,
  aSnapshot,
  createScriptedHub,
  refusal,
  sessionId,
} from "../../support/scripted-hub.ts";
import { waitFor } from "../../support/wait.ts";

let script: ScriptedHub;
let hub: Courtside | null = null;

beforeEach(async () => {
  script = await createScriptedHub();
  script.answer("session:join", () => aSnapshot(0));
});

afterEach(async () => {
  hub?.close();
  hub = null;
  await script.close();
});

const open = (token: ConnectOptions["token"], more: Partial<ConnectOptions> = {}): Courtside => {
  hub = connect({ url: script.url, token, backoff: { minMs: 5, maxMs: 20 }, ...more });
  return hub;
};

/** A JWT that nobody has signed: it is the hub that verifies. */
const jwt = (claims: Record<string, unknown>): string =>
  ["{}", JSON.stringify(claims), "x"].map((text) => Buffer.from(text).toString("base64url")).join(".");
const inSeconds = (seconds: number): { iat: number; exp: number } => {
  const now = Math.floor(Date.now() / 1000);
  return { iat: now, exp: now + seconds };
};

/** Gives tokens `1`, `2`, `3` … */
const counted = (): (() => string) => {
  let given = 0;
  return () => `${++given}`;
};

describe("a connection that the hub refuses", () => {
  test("as unauthenticated ends a hub with a token of text, and all that waits for it", async () => {
    script.admit(() => {
      throw refusal("unauthenticated");
    });
    const opened = open("bad");
    await expect(opened.join(sessionId)).rejects.toMatchObject({ code: "unauthenticated" });
    expect(opened.status).toBe("closed");
    await expect(opened.join(sessionId)).rejects.toMatchObject({ code: "unauthenticated" });
    await expect(opened.watchBoard()).rejects.toMatchObject({ code: "unauthenticated" });
    expect(script.tokens).toEqual(["bad"]);
  });

  test.each(["unauthenticated", "token_expired"])(
    "as %s is tried with one more token of the callback, and that one's refusal counts",
    async (code) => {
      script.admit((token) => {
        if (token === "1") throw refusal(code);
      });
      await open(counted()).join(sessionId);
      expect(script.tokens).toEqual(["1", "2"]);
      hub?.close();

      script.admit(() => {
        throw refusal(code);
      });
      await expect(open(counted()).join(sessionId)).rejects.toMatchObject({ code });
      expect(script.tokens).toEqual(["1", "2", "1", "2"]);
    },
  );

  test("as unavailable is tried again with the same token, after the time that was asked for", async () => {
    const triedAt: number[] = [];
    script.admit(() => {
      triedAt.push(performance.now());
      if (triedAt.length === 1) throw refusal("unavailable", { retryAfterMs: 200 });
    });
    await open(counted()).join(sessionId);
    expect(script.tokens).toEqual(["1", "1"]);
    expect((triedAt[1] ?? 0) - (triedAt[0] ?? 0)).toBeGreaterThanOrEqual(190);
  });

  test("as forbidden ends the hub", async () => {
    script.admit(() => {
      throw refusal("forbidden");
    });
    await expect(open(counted()).join(sessionId)).rejects.toMatchObject({ code: "forbidden" });
  });
});

describe("a token callback", () => {
  test("that fails or never answers is asked again", async () => {
    let asked = 0;
    const opened = open(
      () => {
        asked += 1;
        if (asked === 1) return Promise.reject(new Error("no network"));
        return asked === 2 ? new Promise<string>(() => {}) : Promise.resolve("good");
      },
      { requestTimeoutMs: 100 },
    );
    const told: (string | undefined)[] = [];
    opened.on("status", ({ status, error }) => {
      if (status === "offline") told.push(error?.code);
    });
    await opened.join(sessionId);
    expect(script.tokens).toEqual(["good"]);
    expect(told).toEqual(["token_unavailable", "token_unavailable"]);
  });

  test("is not asked again on the way back while its token is good, and is when that one ends", async () => {
    let asked = 0;
    const good = jwt(inSeconds(600));
    const opened = open(() => {
      asked += 1;
      return good;
    });
    await opened.join(sessionId);
    script.socket().conn.close();
    await waitFor(() => script.asked("session:join").length === 2, { what: "the way back" });
    expect(asked).toBe(1);
    hub?.close();

    const short = jwt(inSeconds(3));
    const tokens = [short, good];
    await open(() => tokens.shift() ?? good).join(sessionId);
    script.socket().conn.close();
    await waitFor(() => script.tokens.length === 4, { what: "the way back" });
    expect(script.tokens.slice(2)).toEqual([short, good]);
  });

  test("gives the next token before one ends, which goes to the hub on the open connection", async () => {
    let given = 0;
    const tokens: string[] = [];
    script.answer("token:refresh", () => ({ ok: true, expiresAt: "2030-01-01T00:00:00.000Z" }));
    const opened = open(() => {
      given += 1;
      const token = jwt({ ...inSeconds(given === 1 ? 6 : 600), given });
      tokens.push(token);
      return token;
    });
    await opened.join(sessionId);
    await waitFor(() => script.asked("token:refresh").length === 1, { what: "the refresh" });
    expect(script.asked("token:refresh")).toEqual([{ token: tokens[1] }]);
    expect(script.tokens).toEqual([tokens[0]]);
  });

  test("that is asked for too late is asked when the hub closes for want of a token", async () => {
    const opened = open(counted());
    const room = await opened.join(sessionId);
    const message = "This token has ended.";
    script.socket().emit("connection:closing", { code: "token_expired", message, reconnect: false });
    script.socket().conn.close();
    await waitFor(() => script.asked("session:join").length === 2, { what: "the way back" });
    expect(script.tokens).toEqual(["1", "2"]);
    expect(room.closed).toBe(false);
  });
});

test("a ticket of text is renewed by the hub, and the new one serves the way back", async () => {
  const first = jwt({ ...inSeconds(6), aud: "courtside:ticket" });
  const second = jwt({ ...inSeconds(900), aud: "courtside:ticket" });
  let tries = 0;
  script.answer("token:renew", () => {
    tries += 1;
    if (tries === 1) return { ok: false, error: { code: "unavailable", message: "soon" } };
    return { ok: true, ticket: second, expiresAt: "2030-01-01T00:00:00.000Z" };
  });
  await open(first).join(sessionId);
  await waitFor(() => tries === 2, { what: "the renewal" });
  script.socket().conn.close();
  await waitFor(() => script.tokens.length === 2, { what: "the way back" });
  expect(script.tokens).toEqual([first, second]);
});

describe("a hub that closes a connection", () => {
  test.each(["removed", "malformed", "token_expired"])(
    "as %s, not to come back, ends the hub and its rooms with that error",
    async (code) => {
      const opened = open("token");
      const room = await opened.join(sessionId);
      const ends: unknown[] = [];
      opened.on("status", ({ status, error }) => ends.push(status, error?.code));
      room.on("closed", (error) => ends.push(error?.code));
      script.socket().emit("connection:closing", { code, message: "Go.", reconnect: false });
      script.socket().conn.close();
      await waitFor(() => opened.status === "closed", { what: "the end" });
      expect(ends).toEqual([code, "closed", code]);
      await expect(room.send("late")).rejects.toMatchObject({ code, message: "Go." });
      expect(script.tokens).toHaveLength(1);
    },
  );

  test("to come back later is come back to after that time", async () => {
    const opened = open("token");
    await opened.join(sessionId);
    const closedAt = performance.now();
    const closing = { code: "rate_limited", message: "Slowly.", reconnect: true, retryAfterMs: 250 };
    script.socket().emit("connection:closing", closing);
    script.socket().conn.close();
    await waitFor(() => script.asked("session:join").length === 2, { what: "the way back" });
    expect(performance.now() - closedAt).toBeGreaterThanOrEqual(240);
  });

  test("by Socket.IO's own word is come back to as well", async () => {
    await open("token").join(sessionId);
    script.socket().disconnect(true);
    await waitFor(() => script.asked("session:join").length === 2, { what: "the way back" });
  });
});

describe("a hub that drains", () => {
  test("is left at the time it named, and the room goes on elsewhere from where it was", async () => {
    const opened = open("token");
    const room = await opened.join(sessionId);
    const firstId = script.socket().id;
    const toldAt = performance.now();
    script.socket().emit("hub:draining", { reconnectInMs: 200 });
    await waitFor(() => script.asked("session:join").length === 2, { what: "the move" });
    expect(performance.now() - toldAt).toBeGreaterThanOrEqual(190);
    expect(script.asked("session:join")[1]).toEqual({ sessionId, after: 0 });
    await waitFor(() => script.sockets().length === 1, { what: "the old connection to end" });
    expect(script.socket().id).not.toBe(firstId);
    expect(room.closed).toBe(false);
  });

  test("and closes before that is not come back to any sooner", async () => {
    await open("token").join(sessionId);
    const toldAt = performance.now();
    script.socket().emit("hub:draining", { reconnectInMs: 200 });
    script.socket().emit("connection:closing", { code: "draining", message: "Bye.", reconnect: true });
    script.socket().conn.close();
    await waitFor(() => script.asked("session:join").length === 2, { what: "the way back" });
    expect(performance.now() - toldAt).toBeGreaterThanOrEqual(190);
  });
});

test("a hub that takes connections and says nothing is given up after the timeout, and tried again", async () => {
  let release = (): void => {};
  let tries = 0;
  script.hold(() => {
    tries += 1;
    return tries === 1 ? new Promise<void>((resolve) => (release = resolve)) : Promise.resolve();
  });
  await open("token", { requestTimeoutMs: 150 }).join(sessionId);
  expect(tries).toBe(2);
  release();
});
