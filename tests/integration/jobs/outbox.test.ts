import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { DomainError } from "../../../src/domain/errors.ts";
import { type Job, defineJob } from "../../../src/jobs/job.ts";
import { type QueueBackend, openQueue, workQueue } from "../../../src/jobs/queue.ts";
import { type Jobs, type JobsOptions, startJobs } from "../../../src/jobs/start.ts";
import { subscribers } from "../../../src/jobs/subscribers.ts";
import { enqueueDueJobs, enqueueOverdueJobs } from "../../../src/usecases/jobs/enqueue.ts";
import { relayOutbox } from "../../../src/usecases/outbox/relay.ts";
import { endSession } from "../../../src/usecases/sessions/end.ts";
import { startSession } from "../../../src/usecases/sessions/start.ts";
import { transact } from "../../../src/usecases/transaction.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { waitFor } from "../../support/wait.ts";

let world: TestApp;
const admin = {
  principal: { kind: "key", id: crypto.randomUUID(), name: "tests", scope: "admin" },
  requestId: "req-7",
} as const;

beforeEach(async () => {
  world = await createTestApp();
});

afterEach(async () => {
  await world.close();
});

/** A session that has just been completed. */
const completed = async (): Promise<string> => {
  const { session } = await world.makeBooking({
    coach: await world.makeCoach(),
    client: await world.makeClient(),
  });
  await startSession(world.app, admin, { id: session.id });
  await endSession(world.app, admin, { id: session.id });
  return session.id;
};

/** Entries that nothing has been made of, and jobs that are not done. */
const unfinished = async (): Promise<number> => {
  const [row] = await world.db<[{ count: number }]>`
    SELECT (SELECT count(*) FROM outbox WHERE enqueued_at IS NULL)::int + (SELECT count(*) FROM jobs)::int AS count`;
  return row.count;
};

const finished = (what = "everything to be done") =>
  waitFor(async () => (await unfinished()) === 0, { what });

type Row = { name: string; attempts: number; lastError: string | null; failed: boolean; waitSeconds: number };

const jobRows = () => world.db<Row[]>`
  SELECT name, attempts, last_error, failed_at IS NOT NULL AS failed,
    extract(epoch FROM due_at - now())::float AS wait_seconds FROM jobs`;

/** As if the time of every job had come. */
const hurry = async (): Promise<void> => {
  await world.db`UPDATE jobs SET due_at = now() WHERE enqueued_at IS NULL AND failed_at IS NULL`;
  world.app.publisher.publishOutboxNews();
};

const askFor = (...names: string[]) =>
  transact(world.app, { requestId: "req-8" }, ({ addJobs }) =>
    addJobs(...names.map((name) => ({ id: `asked-${name}`, name, payload: {}, dueAt: null }))),
  );

/** A hub's own subscribers, and one more that any event would be for. */
const withJob = (job: Job): JobsOptions => ({ subscribers: { ...subscribers, "booking.requested": [job] } });

describe.each<[string, () => QueueBackend, (backend: QueueBackend) => Promise<unknown>]>([
  [
    "Postgres",
    () => ({ databaseUrl: world.databaseUrl }),
    async () => {
      const [table] = await world.db`
        SELECT quote_ident(table_name) AS name FROM information_schema.columns
        WHERE table_schema = 'bullmq' AND column_name = 'state'`;
      await world.db.unsafe(`DELETE FROM bullmq.${String(table?.["name"])}`);
    },
  ],
  [
    "Redis",
    () => ({ redisUrl: inject("redisUrl"), prefix: `jobs-${crypto.randomUUID()}` }),
    async (backend) => {
      if (!("redisUrl" in backend)) return;
      const redis = new Redis(backend.redisUrl);
      const keys = await redis.keys(`${backend.prefix}:*`);
      await redis.del(keys);
      await redis.quit();
    },
  ],
])("with the queue on %s", (_, makeBackend, loseMemory) => {
  let running: Jobs[] = [];
  let backend: QueueBackend;

  beforeEach(() => {
    backend = makeBackend();
  });

  afterEach(async () => {
    for (const jobs of running) await jobs.close();
    running = [];
  });

  const start = async (options: JobsOptions = {}): Promise<void> => {
    running.push(await startJobs(world.app, backend, options));
  };

  test("a session that ended is summarised at once, and nothing is left to do", async () => {
    await start();
    const sessionId = await completed();
    const [summary] = await waitFor(
      async () => {
        const rows = await world.db`SELECT text FROM summaries WHERE session_id = ${sessionId}`;
        return rows.length > 0 ? rows : null;
      },
      { what: "the summary" },
    );
    expect(summary?.["text"]).toContain("Nobody joined the room.");
    await finished();
    const [event] = await world.db`
      SELECT request_id FROM session_events WHERE session_id = ${sessionId} AND type = 'summary:ready'`;
    expect(event).toEqual({ requestId: "req-7" });
  });

  test("what was committed while nothing ran is done once something runs", async () => {
    const ids = [await completed(), await completed()];
    expect(await unfinished()).toBeGreaterThan(0);
    await start();
    await waitFor(async () => (await world.db`SELECT 1 FROM summaries`).length === ids.length, {
      what: "both summaries",
    });
    await finished();
  });

  test("several relays and workers, and a queue that is told twice, write one summary", async () => {
    const sessionId = await completed();
    await Promise.all([start(), start()]);
    await finished();
    // As after a crash before anything of it was marked: everything is relayed again.
    await world.db`UPDATE outbox SET enqueued_at = NULL`;
    world.app.publisher.publishOutboxNews();
    await finished("everything to be done again");
    const events = await world.db`
      SELECT seq FROM session_events WHERE session_id = ${sessionId} AND type = 'summary:ready'`;
    expect([events.length, (await world.db`SELECT 1 FROM summaries`).length]).toEqual([1, 1]);
  });

  test("a job that fails waits longer each time, and is done once it works", async () => {
    let works = false;
    const runs: number[] = [];
    await start(
      withJob(
        defineJob("stumble", async (_app, { attempt }) => {
          runs.push(attempt);
          if (!works) throw new Error("not yet");
        }),
      ),
    );
    await askFor("stumble");
    const failed = (attempts: number) =>
      waitFor(async () => (await jobRows()).find((row) => row.attempts === attempts), {
        what: `failure ${attempts}`,
      });
    expect((await failed(1)).waitSeconds).toBeLessThan(1.3);
    await hurry();
    const second = await failed(2);
    expect(second).toMatchObject({ name: "stumble", lastError: "not yet", failed: false });
    expect(second.waitSeconds).toBeGreaterThan(3);
    works = true;
    await hurry();
    await finished();
    expect(runs).toEqual([1, 2, 3]);
  });

  test("a job that failed for good is kept, in its row and in the queue, and not run again", async () => {
    let runs = 0;
    await start(
      withJob(
        defineJob("refuse", async () => {
          runs += 1;
          throw new DomainError("not_found", "not_found", "There is no such thing.");
        }),
      ),
    );
    await askFor("refuse");
    await waitFor(async () => (await jobRows())[0]?.failed, { what: "the failure" });
    const queue = openQueue(backend, "jobs");
    await waitFor(async () => (await queue.getJobCounts("failed"))["failed"] === 1, {
      what: "the queue to keep it",
    });
    await queue.close();
    await hurry();
    expect(await jobRows()).toMatchObject([{ name: "refuse", attempts: 1, failed: true }]);
    expect(runs).toBe(1);
  });

  test("a queue that lost its memory loses no job: neither one that waits there nor one that is due later", async () => {
    const sessionId = await completed();
    await relayOutbox(world.app, (type) => subscribers[type] ?? []);
    // Handed to a queue that nobody works on.
    const queue = openQueue(backend, "jobs");
    await queue.waitUntilReady();
    await enqueueDueJobs(
      world.app,
      workQueue(() => queue),
    );
    // As after a crash before it was marked: added again, it is there once.
    await world.db`UPDATE jobs SET enqueued_at = NULL`;
    await enqueueDueJobs(
      world.app,
      workQueue(() => queue),
    );
    expect((await queue.getJobCounts("waiting"))["waiting"]).toBe(1);
    await transact(world.app, { requestId: "req-9" }, ({ addJobs }) =>
      addJobs({
        id: "later",
        name: "summarise",
        payload: { sessionId },
        dueAt: new Date(Date.now() + 3_600_000),
      }),
    );
    await loseMemory(backend);
    expect((await queue.getJobCounts("waiting"))["waiting"]).toBe(0);
    await queue.close();
    await world.db`UPDATE jobs SET enqueued_at = now() - interval '61 seconds' WHERE enqueued_at IS NOT NULL`;
    await start();
    await waitFor(async () => (await world.db`SELECT 1 FROM summaries`).length === 1, {
      what: "the summary",
    });
    await waitFor(async () => (await jobRows()).length === 1, { what: "only the later job to be left" });
    await hurry();
    await finished();
  });
});

describe("rows that wait to be enqueued", () => {
  type Taken = { id: string; attempts: number };
  const queue = (
    add: (rows: readonly Taken[]) => Promise<void>,
    state: "there" | "given_up" | "gone" = "gone",
  ) => ({
    add,
    stateOf: async () => state,
  });
  const wait = () => world.db`UPDATE jobs SET enqueued_at = now() - interval '61 seconds'`;

  test("stay as they are when the queue cannot be reached", async () => {
    await askFor("one");
    const away = queue(() => Promise.reject(new Error("gone")));
    await expect(enqueueDueJobs(world.app, away)).rejects.toThrow("gone");
    expect((await world.db`SELECT 1 FROM jobs WHERE enqueued_at IS NULL`).length).toBe(1);
  });

  test("are passed over while another relay holds them", async () => {
    await askFor("one");
    const { promise: release, resolve } = Promise.withResolvers<void>();
    const { promise: holding, resolve: holds } = Promise.withResolvers<void>();
    const first = enqueueDueJobs(
      world.app,
      queue(() => {
        holds();
        return release;
      }),
    );
    await holding;
    const seen: Taken[] = [];
    await enqueueDueJobs(
      world.app,
      queue(async (rows) => void seen.push(...rows)),
    );
    expect(seen).toEqual([]);
    resolve();
    await first;
  });

  test("are left alone once they have failed for good", async () => {
    await askFor("one");
    await world.db`UPDATE jobs SET failed_at = now()`;
    const seen: Taken[] = [];
    await enqueueDueJobs(
      world.app,
      queue(async (rows) => void seen.push(...rows)),
    );
    expect(seen).toEqual([]);
  });

  test("are added again once they are overdue, if the queue does not know them", async () => {
    await askFor("one");
    const added: Taken[] = [];
    const add = async (rows: readonly Taken[]) => void added.push(...rows);
    await enqueueDueJobs(world.app, queue(add));
    await enqueueOverdueJobs(world.app, queue(add));
    expect(added.length).toBe(1);
    await wait();
    await enqueueOverdueJobs(world.app, queue(add, "there"));
    expect(added.length).toBe(1);
    await wait();
    await enqueueOverdueJobs(world.app, queue(add));
    expect(added.length).toBe(2);
    expect((await enqueueOverdueJobs(world.app, queue(add))).givenUp).toEqual([]);
    await wait();
    const { givenUp } = await enqueueOverdueJobs(world.app, queue(add, "given_up"));
    expect(givenUp.map(({ id }) => id)).toEqual(["asked-one"]);
  });
});
