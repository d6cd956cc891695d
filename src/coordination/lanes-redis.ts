import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { type Lock, Redlock, ResourceLockedError } from "redlock";
import { type LaneItem, LaneQueues } from "./lane-queue.ts";
import type { Lanes } from "./lanes.ts";

export type RedisLanesOptions = {
  redis: Redis;
  prefix: string;
  log: Pick<Logger, "warn" | "info" | "debug">;
  /** How long a node keeps a lane that others may want, before it lets them have a turn. */
  turnMs?: number;
  /** How long a node waits for its turn before it goes on under the advisory lock alone. */
  waitMs?: number;
};

/** Longer than any piece of work: the database ends a statement after 30 s, and work in a lane is a few of them. */
const lockMs = 10_000;

/** With less than this left of a lock, it is extended before the next piece of work. */
const extendBelowMs = 5_000;

/** How long Redis is left alone after it could not be reached, so that not every call pays for finding out. */
const restMs = 1_000;

/**
 * Lanes of a hub of several nodes: a node works a coach's queue while it holds the coach's Redlock, for a bounded
 * turn. Without Redis, or with the lock lost, the work goes on: the advisory lock in its transaction is enough.
 *
 * Redlock's own retries are off. They count a lock's validity from before the first try, so that a contended
 * acquire may return a lock that has run out; and a node that waits should not ask in step with the others.
 */
export const createRedisLanes = (options: RedisLanesOptions): Lanes => {
  const { redis, prefix, log, turnMs = 250, waitMs = 3_000 } = options;
  const redlock = new Redlock([redis], { retryCount: 0, driftFactor: 0.01 });
  // Each failure reaches its caller too; without a listener it would end the process as well.
  redlock.on("error", () => {});
  let fallbacks = 0;
  let restUntil = 0;

  const withoutLock = (reason: string, error?: unknown): null => {
    fallbacks += 1;
    log.debug({ err: error, reason }, "a lane goes on under the advisory lock alone");
    return null;
  };

  const acquire = async (coachId: string): Promise<Lock | null> => {
    const deadline = performance.now() + waitMs;
    for (;;) {
      if (performance.now() < restUntil) return withoutLock("Redis is away");
      try {
        return await redlock.acquire([`${prefix}:lane:${coachId}`], lockMs);
      } catch (error) {
        if (!(await isLocked(error))) {
          restUntil = performance.now() + restMs;
          return withoutLock("Redis cannot be reached", error);
        }
        if (performance.now() > deadline) return withoutLock("the lane is taken for too long");
      }
      await delay(10 + Math.random() * 30);
    }
  };

  /** The lock with enough time left for the next piece of work; null when it is lost. */
  const keep = async (lock: Lock | null): Promise<Lock | null> => {
    if (!lock || lock.expiration - Date.now() > extendBelowMs) return lock;
    try {
      return await lock.extend(lockMs);
    } catch (error) {
      return withoutLock("the lock was lost", error);
    }
  };

  const release = async (lock: Lock | null): Promise<void> => {
    // One that cannot be released runs out by itself.
    await lock
      ?.release()
      .catch((error: unknown) => log.debug({ err: error }, "a lane's lock was not released"));
  };

  const queues = new LaneQueues(async (coachId, next) => {
    let item: LaneItem | undefined = next();
    while (item) {
      let lock = await acquire(coachId);
      const turnEnds = performance.now() + turnMs;
      while (item && performance.now() < turnEnds) {
        lock = await keep(lock);
        await item.run();
        item = next();
      }
      await release(lock);
      // Longer than those who wait sleep between two tries, so that one of them has the next turn.
      if (item) await delay(45);
    }
  });
  return {
    run: (coachId, work) => queues.run(coachId, work),
    get lockFallbacks() {
      return fallbacks;
    },
    close: () => queues.close(),
  };
};

/** True when Redis answered that somebody else holds the lock; false when it did not answer. */
const isLocked = async (error: unknown): Promise<boolean> => {
  if (error instanceof ResourceLockedError) return true;
  const attempts =
    (error as { attempts?: readonly Promise<{ votesAgainst: Map<unknown, Error> }>[] }).attempts ?? [];
  const stats = await Promise.all(attempts);
  const votes = stats.flatMap(({ votesAgainst }) => [...votesAgainst.values()]);
  return votes.length > 0 && votes.every((vote) => vote instanceof ResourceLockedError);
};
