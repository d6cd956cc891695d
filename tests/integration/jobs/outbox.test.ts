import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import type { OutboxEntry, RelayPass } from "../../../src/usecases/outbox/relay.ts";
import { completeOutboxJob, relayOutbox } from "../../../src/usecases/outbox/relay.ts";
import { type Jobs, startJobs } from "../../../src/jobs/start.ts";
import type { QueueBackend } from "../../../src/jobs/queue.ts";
import { endSession } from "../../../src/usecases/sessions/end.ts";
import { startSession } from "../../../src/usecases/sessions/start.ts";
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

const unfinished = async (): Promise<number> => {
  const [row] = await world.db<
    [{ count: number }]
  >`SELECT count(*)::int AS count FROM outbox WHERE done_at IS NULL`;
  return row.count;
};

describe.each<[string, () => QueueBackend]>([
  ["Postgres", () => ({ databaseUrl: world.databaseUrl })],
  ["Redis", () => ({ redisUrl: inject("redisUrl"), prefix: `jobs-${crypto.randomUUID()}` })],
])("with the queue on %s", (_, backend) => {
  let running: Jobs[] = [];

  afterEach(async () => {
    for (const jobs of running) await jobs.close();
    running = [];
  });

  const start = async (own: QueueBackend): Promise<void> => {
    running.push(await startJobs(world.app, own));
  };

  test("a session that ended is summarised at once, and its entries are done", async () => {
    await start(backend());
    const sessionId = await completed();
    const [summary] = await waitFor(
      async () => {
        const rows = await world.db`SELECT text FROM summaries WHERE session_id = ${sessionId}`;
        return rows.length > 0 ? rows : null;
      },
      { what: "the summary" },
    );
    expect(summary?.["text"]).toContain("Nobody joined the room.");
    await waitFor(async () => (await unfinished()) === 0, { what: "the outbox to be done" });
    const [event] = await world.db`
      SELECT request_id FROM session_events WHERE session_id = ${sessionId} AND type = 'summary:ready'`;
    expect(event).toEqual({ requestId: "req-7" });
  });

  test("what was committed while nothing ran is done once something runs", async () => {
    const ids = [await completed(), await completed()];
    expect(await unfinished()).toBeGreaterThan(0);
    await start(backend());
    await waitFor(async () => (await world.db`SELECT 1 FROM summaries`).length === ids.length, {
      what: "both summaries",
    });
    await waitFor(async () => (await unfinished()) === 0, { what: "the outbox to be done" });
  });

  test("several relays and workers, and a queue that is told twice, write one summary", async () => {
    const own = backend();
    const sessionId = await completed();
    // As after a crash between adding the jobs and marking them: everything is relayed again.
    await Promise.all([start(own), start(own)]);
    await waitFor(async () => (await unfinished()) === 0, { what: "the outbox to be done" });
    await world.db`UPDATE outbox SET enqueued_at = NULL, done_at = NULL, pending = '{}'`;
    world.app.publisher.publishOutboxNews();
    await waitFor(async () => (await unfinished()) === 0, { what: "the outbox to be done again" });
    const events = await world.db`
      SELECT seq FROM session_events WHERE session_id = ${sessionId} AND type = 'summary:ready'`;
    expect([events.length, (await world.db`SELECT 1 FROM summaries`).length]).toEqual([1, 1]);
  });
});

describe("the relay", () => {
  const taken: OutboxEntry[] = [];
  const relay = (enqueue: (names: string[]) => Promise<void>, pass: RelayPass = "new") =>
    relayOutbox(
      world.app,
      {
        jobsFor: ({ type }) => (type === "session.ended" ? ["a", "b"] : []),
        enqueue: (jobs) => {
          taken.push(...jobs.map(({ entry }) => entry));
          return enqueue(jobs.map(({ name }) => name));
        },
      },
      pass,
    );

  test("leaves everything as it was when the queue cannot be reached", async () => {
    await completed();
    const before = await unfinished();
    await expect(relay(() => Promise.reject(new Error("gone")))).rejects.toThrow("gone");
    expect(await unfinished()).toBe(before);
    expect((await world.db`SELECT 1 FROM outbox WHERE enqueued_at IS NOT NULL`).length).toBe(0);
  });

  test("takes an entry for done when all of its jobs are, each counted once", async () => {
    await completed();
    const names: string[] = [];
    await relay(async (added) => void names.push(...added));
    expect(names).toEqual(["a", "b"]);
    const id = taken.at(-1)?.id ?? "";
    expect(await unfinished()).toBe(1);
    await completeOutboxJob(world.app, id, "a");
    await completeOutboxJob(world.app, id, "a");
    expect(await unfinished()).toBe(1);
    await completeOutboxJob(world.app, id, "b");
    expect(await unfinished()).toBe(0);
  });

  test("adds again what was enqueued long ago and is not done, and only the jobs that are missing", async () => {
    await completed();
    await relay(async () => {});
    const id = taken.at(-1)?.id ?? "";
    await completeOutboxJob(world.app, id, "a");
    const again: string[] = [];
    await relay(async (added) => void again.push(...added), "overdue");
    expect(again).toEqual([]);
    await world.db`UPDATE outbox SET enqueued_at = now() - interval '61 seconds' WHERE id = ${id}`;
    await relay(async (added) => void again.push(...added), "overdue");
    expect(again).toEqual(["b"]);
  });

  test("passes over what another relay holds", async () => {
    await completed();
    const { promise: release, resolve } = Promise.withResolvers<void>();
    const { promise: holding, resolve: holds } = Promise.withResolvers<void>();
    const first = relay(() => {
      holds();
      return release;
    });
    await holding;
    expect(await relay(async () => {})).toEqual({ relayed: 0, more: false });
    resolve();
    expect((await first).relayed).toBeGreaterThan(0);
  });
});
