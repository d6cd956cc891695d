import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createMemoryLanes } from "../../../src/coordination/lanes-memory.ts";
import { createRedisLanes } from "../../../src/coordination/lanes-redis.ts";
import type { Lanes, RunLaneBatch } from "../../../src/coordination/lanes.ts";
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

type Job = { lane: string; work?: () => Promise<unknown> };
type Run = RunLaneBatch<Job>;

/** Runs the work of each job, and tells each what became of it. */
const runAll: Run = (jobs) =>
  Promise.all(
    jobs.map(async ({ work }) => {
      try {
        return { value: await work?.() };
      } catch (error) {
        return { error };
      }
    }),
  );

const onRedis = (run: Run, client = redis, options: { turnMs?: number; waitMs?: number } = {}): Lanes<Job> =>
  createRedisLanes(run, { redis: client, prefix, log, ...options });

/** Work that finishes when it is told to. */
const gate = () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, passed: () => promise };
};

/** Lets everything run that could run by now. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const add = (lanes: Lanes<Job>, lane: string, work?: () => Promise<unknown>): Promise<unknown> =>
  lanes.run(lane, { lane, ...(work ? { work } : {}) });

describe.each<[string, (run: Run) => Lanes<Job>]>([
  ["in memory", (run) => createMemoryLanes(run)],
  ["on Redis", (run) => onRedis(run)],
])("lanes %s", (_, create) => {
  test("take what waits for one coach in the order of the calls, never two batches at a time", async () => {
    const order: unknown[] = [];
    let inside = 0;
    const lanes = create(async (jobs) => {
      expect(++inside).toBe(1);
      await settle();
      const values = await Promise.all(jobs.map(async ({ work }) => ({ value: await work?.() })));
      order.push(...values.map(({ value }) => value));
      inside -= 1;
      return values;
    });
    const coach = crypto.randomUUID();
    const all = Array.from({ length: 200 }, (_unused, n) => add(lanes, coach, async () => n));
    const results = await Promise.all(all);
    expect(results).toEqual(Array.from({ length: 200 }, (_unused, n) => n));
    expect(order).toEqual(results);
    await lanes.close();
  });

  test("gather what waits for different coaches in one batch, 64 at most, and no coach in two", async () => {
    const sizes: number[] = [];
    const open = new Set<string>();
    const lanes = create(async (jobs) => {
      sizes.push(jobs.length);
      const own = new Set(jobs.map(({ lane }) => lane));
      for (const lane of own) expect(open.has(lane)).toBe(false);
      for (const lane of own) open.add(lane);
      await settle();
      for (const lane of own) open.delete(lane);
      return jobs.map(() => ({ value: null }));
    });
    const coaches = Array.from({ length: 50 }, () => crypto.randomUUID());
    await Promise.all(coaches.flatMap((coach) => Array.from({ length: 6 }, () => add(lanes, coach))));
    expect(sizes.reduce((sum, size) => sum + size)).toBe(300);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(64);
    expect(sizes.length).toBeLessThan(100);
    expect(lanes.figures).toEqual({ batches: sizes.length, jobs: 300, lockFallbacks: 0 });
    await lanes.close();
  });

  test("do not let one coach's work wait for another's", async () => {
    const lanes = create(runAll);
    const { open, passed } = gate();
    const begun = Promise.withResolvers<void>();
    const slow = add(lanes, crypto.randomUUID(), () => {
      begun.resolve();
      return passed();
    });
    await begun.promise;
    expect(await add(lanes, crypto.randomUUID(), async () => "fast")).toBe("fast");
    open();
    await slow;
    await lanes.close();
  });

  test("tell each caller their own outcome, and go on after a batch that failed whole", async () => {
    let broken = false;
    const lanes = create((jobs) => (broken ? Promise.reject(new Error("broken")) : runAll(jobs)));
    const coach = crypto.randomUUID();
    const refused = add(lanes, coach, () => Promise.reject(new Error("no")));
    const next = add(lanes, coach, async () => "yes");
    await expect(refused).rejects.toThrow("no");
    expect(await next).toBe("yes");
    broken = true;
    await expect(add(lanes, coach)).rejects.toThrow("broken");
    broken = false;
    expect(await add(lanes, coach, async () => "again")).toBe("again");
    await lanes.close();
  });

  test("answer everybody who waits when they close, and take nothing new", async () => {
    const lanes = create(runAll);
    const coach = crypto.randomUUID();
    const { open, passed } = gate();
    const waiting = [add(lanes, coach, passed), add(lanes, coach), add(lanes, crypto.randomUUID())];
    const closed = lanes.close();
    await expect(add(lanes, coach)).rejects.toMatchObject({ code: "unavailable" });
    open();
    await Promise.all([closed, ...waiting]);
  });

  test("refuse a flood rather than let it wait for ever", async () => {
    const lanes = create(runAll);
    const coach = crypto.randomUUID();
    const { open, passed } = gate();
    const first = add(lanes, coach, passed);
    const all = Promise.allSettled(Array.from({ length: 1_100 }, () => add(lanes, coach)));
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
    let inside = 0;
    const turns: number[] = [];
    const run =
      (node: number): Run =>
      async (jobs) => {
        expect(++inside).toBe(1);
        await settle();
        await settle();
        if (turns.at(-1) !== node) turns.push(node);
        inside -= 1;
        return jobs.map(() => ({ value: null }));
      };
    const nodes = [0, 1].map((node) => onRedis(run(node), redis, { turnMs: 20 }));
    const coach = crypto.randomUUID();
    // More callers than a batch holds, who ask again as soon as they are answered: the lane of neither is ever empty.
    const deadline = performance.now() + 5_000;
    const caller = async (lanes: Lanes<Job>) => {
      while (turns.length < 8 && performance.now() < deadline) await add(lanes, coach);
    };
    await Promise.all(nodes.flatMap((lanes) => Array.from({ length: 100 }, () => caller(lanes))));
    expect(turns.length).toBeGreaterThanOrEqual(8);
    expect(nodes.map((lanes) => lanes.figures.lockFallbacks)).toEqual([0, 0]);
    await Promise.all(nodes.map((lanes) => lanes.close()));
  });

  test("go on without a lock that another one never gives back, counted", async () => {
    const coach = crypto.randomUUID();
    await redis.set(`${prefix}:lane:${coach}`, "a node that hangs", "PX", 60_000);
    const lanes = onRedis(runAll, redis, { waitMs: 100 });
    expect(await add(lanes, coach, async () => "done")).toBe("done");
    expect(lanes.figures.lockFallbacks).toBe(1);
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
    const lanes = onRedis(runAll, client);
    const coach = crypto.randomUUID();
    try {
      await add(lanes, coach);
      expect(lanes.figures.lockFallbacks).toBe(0);
      await server.stop();
      const startedAt = performance.now();
      for (let n = 0; n < 50; n++) await add(lanes, coach);
      expect(lanes.figures.lockFallbacks).toBeGreaterThan(0);
      expect(performance.now() - startedAt).toBeLessThan(2_000);
      const again = await startRedis({ port });
      try {
        await waitFor(
          async () => {
            const before = lanes.figures.lockFallbacks;
            await add(lanes, coach);
            return lanes.figures.lockFallbacks === before;
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
