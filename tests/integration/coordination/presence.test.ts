import fc from "fast-check";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createMemoryPresence } from "../../../src/coordination/presence-memory.ts";
import { createRedisPresence } from "../../../src/coordination/presence-redis.ts";
import type { Presence } from "../../../src/coordination/presence.ts";
import { waitFor } from "../../support/wait.ts";

let redis: Redis;
const prefix = `presence-${crypto.randomUUID()}`;

beforeAll(() => {
  redis = new Redis(inject("redisUrl"));
});

afterAll(async () => {
  const keys = await redis.keys(`${prefix}*`);
  if (keys.length > 0) await redis.del(...keys);
  redis.disconnect();
});

/** One that may judge: nobody was lost. */
const settled = async (presence: Presence): Promise<Presence> => {
  await presence.settle();
  return presence;
};

const onRedis = (own = crypto.randomUUID(), leaseMs = 5_000): Presence =>
  createRedisPresence({ redis, prefix: `${prefix}-${own}`, nodeId: crypto.randomUUID(), leaseMs });

const soon = 30;
const never = 600_000;

describe.each<[string, () => Promise<Presence>]>([
  ["in memory", () => settled(createMemoryPresence())],
  ["on Redis", () => settled(onRedis())],
])("presence %s", (_, create) => {
  const ada = { sessionId: "s1", participantId: "ada" };
  const phone = { ...ada, connectionId: "phone" };
  const laptop = { ...ada, connectionId: "laptop" };

  test("keeps what a person shows while they are in the room, and only then", async () => {
    const presence = await create();
    expect(await presence.update("s1", "ada", { hand: true })).toBe(false);
    await presence.connect(phone, { hand: true });
    await presence.connect(laptop, { hand: false });
    expect(await presence.read("s1")).toMatchObject([{ connections: 2, state: { hand: true } }]);
    expect(await presence.update("s1", "ada", { mood: "ready" })).toBe(true);
    await presence.disconnect(phone, never);
    await presence.disconnect(laptop, never);
    expect(await presence.read("s1")).toMatchObject([{ status: "reconnecting", state: { mood: "ready" } }]);
    await presence.forget("s1", "ada");
    await presence.connect(phone);
    expect(await presence.read("s1")).toMatchObject([{ state: {} }]);
  });

  test("counts the connections of a person, each once, and tells how they stood before", async () => {
    const presence = await create();
    expect(await presence.connect(phone)).toEqual({ connections: 1, before: null });
    expect(await presence.connect(laptop)).toEqual({ connections: 2, before: "connected" });
    expect(await presence.connect(laptop)).toEqual({ connections: 2, before: "connected" });
    expect(await presence.disconnect(phone, never)).toEqual({ connections: 1, changed: true });
    expect(await presence.disconnect(phone, never)).toEqual({ connections: 1, changed: false });
    expect(await presence.read("s1")).toEqual([
      { participantId: "ada", connections: 1, status: "connected", state: {} },
    ]);
    expect(await presence.count("s1", "ada")).toBe(1);
    expect(await presence.count("s1", "nobody")).toBe(0);
    expect(await presence.read("s2")).toEqual([]);
  });

  test("waits for who lost the last connection; who comes back is awaited no more", async () => {
    const presence = await create();
    await presence.connect(phone);
    await presence.disconnect(phone, never);
    expect(await presence.read("s1")).toEqual([
      { participantId: "ada", connections: 0, status: "reconnecting", state: {} },
    ]);
    expect(await presence.due(10)).toEqual([]);
    expect(await presence.connect(laptop)).toEqual({ connections: 1, before: "reconnecting" });
    await presence.disconnect(laptop, 0);
    expect(await waitFor(async () => (await presence.due(10))[0], { what: "the end of the grace" })).toEqual(
      ada,
    );
    await presence.connect(phone);
    expect(await presence.due(10)).toEqual([]);
  });

  test("keeps people due until they are forgotten, and tells no more of them than asked for", async () => {
    const presence = await create();
    for (const participantId of ["a", "b", "c"]) {
      await presence.connect({ sessionId: "s1", participantId, connectionId: participantId });
      await presence.disconnect({ sessionId: "s1", participantId, connectionId: participantId }, 0);
    }
    await waitFor(async () => (await presence.due(10)).length === 3, { what: "all to be due" });
    expect(await presence.due(2)).toHaveLength(2);
    await presence.forget("s1", "a");
    expect((await presence.due(10)).map(({ participantId }) => participantId)).toEqual(["b", "c"]);
    await presence.clear("s1");
    expect([await presence.due(10), await presence.read("s1")]).toEqual([[], []]);
  });

  test("never forgets somebody who is connected", async () => {
    const presence = await create();
    await presence.connect(phone);
    await presence.forget("s1", "ada");
    expect(await presence.count("s1", "ada")).toBe(1);
  });

  test("waits for somebody whom only the attendance knows, and for nobody who is there or awaited", async () => {
    const presence = await create();
    await presence.expect([ada], soon);
    await presence.expect([ada], never);
    expect(await waitFor(async () => (await presence.due(10))[0], { what: "the end of the wait" })).toEqual(
      ada,
    );
    await presence.connect(phone);
    await presence.expect([ada], 0);
    expect(await presence.due(10)).toEqual([]);
  });

  test("forgets a closed room with its connections: their end later on is no news", async () => {
    const presence = await create();
    await presence.connect(phone);
    await presence.clear("s1");
    expect(await presence.disconnect(phone, 0)).toEqual({ connections: 0, changed: false });
    expect(await presence.due(10)).toEqual([]);
  });
});

test("memory and Redis agree, whatever comes in whatever order", async () => {
  const step = fc.record({
    kind: fc.constantFrom("connect", "disconnect", "update", "forget", "expect", "clear"),
    sessionId: fc.constantFrom("s1", "s2"),
    participantId: fc.constantFrom("a", "b"),
    connectionId: fc.constantFrom("1", "2", "3"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const both = [await settled(createMemoryPresence()), await settled(onRedis())] as const;
      for (const { kind, ...chosen } of steps) {
        // A socket is one person's.
        const connection = { ...chosen, connectionId: `${chosen.participantId}${chosen.connectionId}` };
        const answers = await Promise.all(
          both.map((presence) => {
            if (kind === "connect") return presence.connect(connection);
            if (kind === "disconnect") return presence.disconnect(connection, never);
            if (kind === "update")
              return presence.update(connection.sessionId, connection.participantId, {
                by: chosen.connectionId,
              });
            if (kind === "forget") return presence.forget(connection.sessionId, connection.participantId);
            return kind === "expect"
              ? presence.expect([connection], never)
              : presence.clear(connection.sessionId);
          }),
        );
        expect(answers[1]).toEqual(answers[0]);
        const rooms = await Promise.all(both.map((presence) => presence.read(connection.sessionId)));
        const sorted = rooms.map((room) =>
          room.toSorted((a, b) => (a.participantId < b.participantId ? -1 : 1)),
        );
        expect(sorted[1]).toEqual(sorted[0]);
      }
    }),
    { numRuns: 60 },
  );
});

describe("nodes on one Redis", () => {
  test("see each other's connections", async () => {
    const own = crypto.randomUUID();
    const [a, b] = [onRedis(own), onRedis(own)];
    await a.connect({ sessionId: "s", participantId: "p", connectionId: "1" });
    expect(await b.connect({ sessionId: "s", participantId: "p", connectionId: "2" })).toEqual({
      connections: 2,
      before: "connected",
    });
  });

  test("take away the connections of one that went silent, and only one of them acts on it", async () => {
    const own = crypto.randomUUID();
    const dead = onRedis(own, 60);
    const survivors = [await settled(onRedis(own)), onRedis(own), onRedis(own)];
    await dead.heartbeat({ graceMs: never, told: true });
    await dead.connect({ sessionId: "s", participantId: "gone", connectionId: "1" });
    await dead.connect({ sessionId: "s", participantId: "elsewhere-too", connectionId: "2" });
    await survivors[0]?.connect({ sessionId: "s", participantId: "elsewhere-too", connectionId: "3" });
    const changed: string[] = [];
    await waitFor(
      async () => {
        const beats = await Promise.all(
          survivors.map((node) => node.heartbeat({ graceMs: soon, told: true })),
        );
        changed.push(...beats.flatMap((beat) => beat.changed));
        return changed.length > 0;
      },
      { what: "the death to be noticed" },
    );
    await Promise.all(survivors.map((node) => node.heartbeat({ graceMs: soon, told: true })));
    // Both connections, each once.
    expect(changed).toEqual(["s", "s"]);
    expect(await survivors[1]?.count("s", "elsewhere-too")).toBe(1);
    expect(await waitFor(async () => (await survivors[2]?.due(10))?.[0], { what: "them to be due" })).toEqual(
      {
        sessionId: "s",
        participantId: "gone",
      },
    );
    // It was frozen rather than dead: it learns of it, tells its connections anew, and they count again.
    expect(await dead.heartbeat({ graceMs: never, told: true })).toMatchObject({ lapsed: true });
    expect(await dead.connect({ sessionId: "s", participantId: "gone", connectionId: "1" })).toEqual({
      connections: 1,
      before: "reconnecting",
    });
    expect(await dead.heartbeat({ graceMs: never, told: true })).toMatchObject({ lapsed: false });
  });

  test("learn that Redis lost its memory, and judge nobody until every node has told what it knows", async () => {
    const own = crypto.randomUUID();
    const leaseMs = 300;
    const [a, b] = [await settled(onRedis(own, leaseMs)), onRedis(own, leaseMs)];
    const phone = { sessionId: "s", participantId: "p", connectionId: "1" };
    const beat = { graceMs: 0, told: true };
    expect(await a.heartbeat(beat)).toEqual({ lapsed: false, changed: [], state: "settled" });
    await b.heartbeat(beat);
    await a.connect(phone);
    await redis.del(...(await redis.keys(`${prefix}-${own}*`)));

    expect(await a.heartbeat(beat)).toEqual({ lapsed: true, changed: [], state: "unsettled" });
    await a.expect([{ sessionId: "s", participantId: "q" }], 0);
    await expect(a.count("s", "p")).rejects.toThrow("unavailable");
    await expect(a.read("s")).rejects.toThrow("unavailable");
    expect(await a.due(10)).toEqual([]);
    expect(await a.connect(phone)).toEqual({ connections: 1, before: null });
    // The other node has not told what it knows: however often the first one beats, that is not enough.
    const wipedAt = performance.now();
    await waitFor(
      async () => {
        expect(await b.heartbeat({ ...beat, told: false })).toMatchObject({ state: "unsettled" });
        expect(await a.heartbeat(beat)).toMatchObject({ state: "unsettled" });
        return performance.now() - wipedAt > 2 * leaseMs;
      },
      { what: "two leases to pass" },
    );
    expect(await b.heartbeat(beat)).toMatchObject({ state: "told" });
    await a.settle();
    expect(await b.count("s", "p")).toBe(1);
    expect(await b.due(10)).toEqual([{ sessionId: "s", participantId: "q" }]);
    expect(await a.heartbeat(beat)).toMatchObject({ state: "settled" });
  });

  test("leave no keys behind for a room that has emptied", async () => {
    const own = crypto.randomUUID();
    const node = onRedis(own);
    await node.connect({ sessionId: "s", participantId: "p", connectionId: "1" });
    await node.disconnect({ sessionId: "s", participantId: "p", connectionId: "1" }, never);
    await node.forget("s", "p");
    // But for the list of nodes, which is no room's.
    expect(await redis.keys(`${prefix}-${own}*`)).toEqual([`${prefix}-${own}:presence:nodes`]);
  });
});
