import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { type Lock, Redlock, ResourceLockedError } from "redlock";
import { type LaneGate, LaneQueues } from "./lane-queue.ts";
import type { Lanes, RunLaneBatch } from "./lanes.ts";

export type RedisLanesOptions = {
  redis: Redis;
  prefix: string;
  log: Pick<Logger, "warn" | "info" | "debug">;
  /** How long a node keeps a lane that others may want, before it lets them have a turn. */
  turnMs?: number;
  /** How long a node waits for its turn before it goes on under the advisory lock alone. */
  waitMs?: number;
};

/**
 * How long a lock lasts from the start of a turn: many turns, so that it is still held while the last batch of one is
 * written. A batch that takes longer than this goes on under the advisory lock alone, as one without Redis does.
 */
const lockMs = 10_000;

/** How long Redis is left alone after it could not be reached, so that not every call pays for finding out. */
const restMs = 1_000;

/**
 * How long those who wait sleep between two tries, how long each try tells that somebody waits, and how long a node
 * stands back for them after its turn.
 */
const tryAgainMs = { min: 5, max: 20 };
const wantedMs = 500;
const standBackMs = 25;

/** A turn of this node in one lane; without a lock when Redis is away or was waited for too long. */
type Turn = { lock: Lock | null; endsAt: number };

/**
 * Lanes of a hub of several nodes: a node works a lane while it holds the lane's Redlock, for a bounded turn.
 * Without Redis, or with the lock lost, the work goes on: the advisory lock in its transaction is enough.
 *
 * Redlock's own retries are off. They count a lock's validity from before the first try, so that a contended
 * acquire may return a lock that has run out; and a node that waits should not ask in step with the others.
 */
export const createRedisLanes = <Job>(
  runBatch: RunLaneBatch<Job>,
  options: RedisLanesOptions,
): Lanes<Job> => {
  const gate = createGate(options, () => {
    queues.figures.lockFallbacks += 1;
  });
  const queues = new LaneQueues(runBatch, gate);
  return queues;
};

const createGate = (
  { redis, prefix, log, turnMs = 250, waitMs = 3_000 }: RedisLanesOptions,
  onFallback: () => void,
): LaneGate => {
  const redlock = new Redlock([redis], { retryCount: 0, driftFactor: 0.01 });
  // Each failure reaches its caller too; without a listener it would end the process as well.
  redlock.on("error", () => {});
  const turns = new Map<string, Turn>();
  let restUntil = 0;

  const withoutLock = (reason: string, error?: unknown): null => {
    onFallback();
    log.debug({ err: error, reason }, "a lane goes on under the advisory lock alone");
    return null;
  };

  /** Where a node that waits for a lane says so, for whoever has it. */
  const wanted = (lane: string): string => `${prefix}:lane-wanted:${lane}`;

  const acquire = async (lane: string): Promise<Lock | null> => {
    const deadline = performance.now() + waitMs;
    for (;;) {
      if (performance.now() < restUntil) return withoutLock("Redis is away");
      try {
        return await redlock.acquire([`${prefix}:lane:${lane}`], lockMs);
      } catch (error) {
        if (!(await isLocked(error))) {
          restUntil = performance.now() + restMs;
          return withoutLock("Redis cannot be reached", error);
        }
        if (performance.now() > deadline) return withoutLock("the lane is taken for too long");
        await redis.set(wanted(lane), "1", "PX", wantedMs).catch(() => null);
      }
      await delay(tryAgainMs.min + Math.random() * (tryAgainMs.max - tryAgainMs.min));
    }
  };

  return {
    enter: async (lane) => {
      const lock = await acquire(lane);
      turns.set(lane, { lock, endsAt: performance.now() + turnMs });
    },
    renew: async (lane) => {
      const turn = turns.get(lane);
      if (!turn?.lock) return false;
      try {
        // Whoever wants it says so again at each try: one that is gone is not waited for.
        if ((await redis.del(wanted(lane))) > 0) return false;
        turn.lock = await turn.lock.extend(lockMs);
      } catch (error) {
        turn.lock = withoutLock("the lock was lost", error);
      }
      turn.endsAt = performance.now() + turnMs;
      return true;
    },
    isOver: (lane) => performance.now() >= (turns.get(lane)?.endsAt ?? 0),
    leave: async (lane, waiting) => {
      const lock = turns.get(lane)?.lock;
      turns.delete(lane);
      // One that cannot be released runs out by itself.
      await lock
        ?.release()
        .catch((error: unknown) => log.debug({ err: error }, "a lane's lock was not released"));
      // Longer than those who wait sleep between two tries, so that one of them has the next turn.
      if (waiting) await delay(standBackMs);
    },
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
