import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createMemoryLanes } from "../../../src/coordination/lanes-memory.ts";
import { createRedisLanes } from "../../../src/coordination/lanes-redis.ts";
import type { Lanes } from "../../../src/coordination/lanes.ts";
import { startRedis } from "../../support/redis.ts";
import { waitFor } from "../../support/wait.ts";

const log = { warn: () => {}, info: () => {}, debug: () => {} };
const prefix = `lanes-${crypto.randomUUID()}`;
let redis: Redis;

beforeAll(() => {
  redis = new Redis(inject("redisUrl"));
});

afterAll(() => {
  redis.disconnect();
});

const onRedis = (client = redis, options: { turnMs?: number; waitMs?: number } = {}): Lanes =>
  createRedisLanes({ redis: client, prefix, log, ...options });

/** Work that finishes when it is told to. */
const gate = () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, passed: () => promise };
};

/** Lets everything run that could run by now. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe.each<[string, () => Lanes]>([
  ["in memory", () => createMemoryLanes()],
  ["on Redis", () => onRedis()],
])("lanes %s", (_, create) => {
  test("run the work for one coach one after another, in the order of the calls", async () => {
    const lanes = create();
    const order: number[] = [];
    let inside = 0;
    const work = (n: number) => async () => {
      expect(++inside).toBe(1);
      await settle();
      order.push(n);
      inside -= 1;
      return n;
    };
    const coach = crypto.randomUUID();
    const results = await Promise.all(Array.from({ length: 20 }, (_unused, n) => lanes.run(coach, work(n))));
    expect(results).toEqual(Array.from({ length: 20 }, (_unused, n) => n));
    expect(order).toEqual(results);
    await lanes.close();
  });

  test("do not let one coach's work wait for another's", async () => {
    const lanes = create();
    const { open, passed } = gate();
    const slow = lanes.run(crypto.randomUUID(), passed);
    expect(await lanes.run(crypto.randomUUID(), async () => "fast")).toBe("fast");
    open();
    await slow;
    await lanes.close();
  });

  test("go on after work that failed, and its caller gets the failure", async () => {
    const lanes = create();
    const coach = crypto.randomUUID();
    const failing = lanes.run(coach, () => Promise.reject(new Error("no")));
    const next = lanes.run(coach, async () => "yes");
    await expect(failing).rejects.toThrow("no");
    expect(await next).toBe("yes");
    await lanes.close();
  });

  test("answer everybody who waits when they close, and take nothing new", async () => {
    const lanes = create();
    const coach = crypto.randomUUID();
    const { open, passed } = gate();
    const waiting = [lanes.run(coach, passed), lanes.run(coach, async () => {})];
    const closed = lanes.close();
    await expect(lanes.run(coach, async () => {})).rejects.toMatchObject({ code: "unavailable" });
    open();
    await Promise.all([closed, ...waiting]);
  });

  test("refuse a flood rather than let it wait for ever", async () => {
    const lanes = create();
    const coach = crypto.randomUUID();
    const { open, passed } = gate();
    const first = lanes.run(coach, passed);
    const all = Promise.allSettled(Array.from({ length: 1_100 }, () => lanes.run(coach, async () => {})));
    open();
    await first;
    const refused = (await all).filter(({ status }) => status === "rejected");
    expect(refused.length).toBeGreaterThan(90);
    expect(refused[0]).toMatchObject({ reason: { code: "unavailable", facts: { retryAfterMs: 2_000 } } });
    await lanes.close();
  });
});

describe("nodes on one Redis", () => {
  test("never work one coach's lane at the same time, and each gets its turns", async () => {
    const nodes = [onRedis(redis, { turnMs: 30 }), onRedis(redis, { turnMs: 30 })];
    const coach = crypto.randomUUID();
    let inside = 0;
    const turns: number[] = [];
    const work = (node: number) => async () => {
      expect(++inside).toBe(1);
      await settle();
      await settle();
      if (turns.at(-1) !== node) turns.push(node);
      inside -= 1;
    };
    await Promise.all(
      nodes.flatMap((lanes, node) => Array.from({ length: 400 }, () => lanes.run(coach, work(node)))),
    );
    expect(turns.length).toBeGreaterThan(1);
    expect(nodes.map((lanes) => lanes.lockFallbacks)).toEqual([0, 0]);
    await Promise.all(nodes.map((lanes) => lanes.close()));
  });

  test("go on without a lock that another one never gives back, counted", async () => {
    const coach = crypto.randomUUID();
    await redis.set(`${prefix}:lane:${coach}`, "a node that hangs", "PX", 60_000);
    const lanes = onRedis(redis, { waitMs: 100 });
    expect(await lanes.run(coach, async () => "done")).toBe("done");
    expect(lanes.lockFallbacks).toBe(1);
    await lanes.close();
  });

  test("go on at once when Redis is gone, counted, and use it again when it is back", async () => {
    const server = await startRedis();
    const port = Number(new URL(server.url).port);
    const client = new Redis(server.url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      commandTimeout: 500,
      retryStrategy: () => 50,
    });
    client.on("error", () => {});
    await waitFor(() => client.status === "ready", { what: "Redis" });
    const lanes = onRedis(client);
    const coach = crypto.randomUUID();
    try {
      await lanes.run(coach, async () => {});
      expect(lanes.lockFallbacks).toBe(0);
      await server.stop();
      const startedAt = performance.now();
      for (let n = 0; n < 50; n++) await lanes.run(coach, async () => {});
      expect(lanes.lockFallbacks).toBeGreaterThan(0);
      expect(performance.now() - startedAt).toBeLessThan(2_000);
      const again = await startRedis({ port });
      try {
        await waitFor(
          async () => {
            const before = lanes.lockFallbacks;
            await lanes.run(coach, async () => {});
            return lanes.lockFallbacks === before;
          },
          { what: "the lock to be used again" },
        );
      } finally {
        await again.stop();
      }
    } finally {
      await lanes.close();
      client.disconnect();
    }
  });
});
