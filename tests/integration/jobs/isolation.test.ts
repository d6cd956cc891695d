import { afterEach, describe, expect, test } from "vitest";
import { type Job, defineJob } from "../../../src/jobs/job.ts";
import { type Jobs, startJobs } from "../../../src/jobs/start.ts";
import { type Subscribers, subscribers } from "../../../src/jobs/subscribers.ts";
import { attemptJob } from "../../../src/usecases/jobs/attempt.ts";
import { subscribeCalendar } from "../../../src/usecases/calendars/subscribe.ts";
import { replayJob } from "../../../src/usecases/jobs/replay.ts";
import { endSession } from "../../../src/usecases/sessions/end.ts";
import { startSession } from "../../../src/usecases/sessions/start.ts";
import { transact } from "../../../src/usecases/transaction.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { createMailServer } from "../../support/mail-server.ts";
import { startReceiver } from "../../support/receiver.ts";
import { waitFor } from "../../support/wait.ts";

const admin = {
  principal: { kind: "key", id: crypto.randomUUID(), name: "tests", scope: "admin" },
  requestId: "req-7",
} as const;

let world: TestApp;
let jobs: Jobs | null = null;
let closing: (() => Promise<unknown>)[] = [];

/** Closed after the test, the newest first. */
const later = (close: () => Promise<unknown>): void => void closing.push(close);

const open = async (env: Record<string, string> = {}): Promise<void> => {
  world = await createTestApp(env);
  later(() => world.close());
};

const start = async (own?: Subscribers): Promise<void> => {
  const running = await startJobs(
    world.app,
    { databaseUrl: world.databaseUrl },
    own ? { subscribers: own } : {},
  );
  jobs = running;
  later(() => running.close());
};

afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  closing = [];
  jobs = null;
});

/** Ends a session of people who get no mail, and returns how long its summary took. */
const timeSummary = async (): Promise<number> => {
  const { session } = await world.makeBooking({
    coach: await world.makeCoach(),
    client: await world.makeClient(),
  });
  await startSession(world.app, admin, { id: session.id });
  const endedAt = performance.now();
  await endSession(world.app, admin, { id: session.id });
  await waitFor(
    async () => (await world.db`SELECT FROM summaries WHERE session_id = ${session.id}`).length === 1,
    { what: "the summary" },
  );
  return performance.now() - endedAt;
};

const askFor = (name: string) =>
  transact(world.app, { requestId: "req-8" }, ({ addJobs }) =>
    addJobs({ id: `asked-${name}`, name, payload: {}, dueAt: null }),
  );

const withJob = (job: Job): Subscribers => ({ ...subscribers, "booking.requested": [job] });

describe("who lets the hub wait holds up their own kind alone", () => {
  test("a mail server that takes mails and never answers", async () => {
    const server = await createMailServer();
    const { promise: never, resolve: release } = Promise.withResolvers<void>();
    let waiting = 0;
    server.rules.beforeTaking = () => {
      waiting += 1;
      return never;
    };
    await open({ SMTP_URL: server.url, DRAIN_SECONDS: "1" });
    later(async () => {
      release();
      await server.close();
    });
    await start();
    const client = await world.makeClient({ email: "maya@example.com" });
    const coach = await world.makeCoach();
    for (let day = 1; day <= 24; day += 1) await world.makeBooking({ coach, client, inMinutes: day * 1440 });
    await waitFor(() => waiting >= 5, { what: "every connection to it to be taken" });
    expect(await timeSummary()).toBeLessThan(3_000);
  });

  test("calendars that never answer", async () => {
    const feed = await startReceiver();
    feed.answer(() => {});
    later(() => feed.close());
    await open({ ALLOW_PRIVATE_TARGETS: "true", DRAIN_SECONDS: "1" });
    for (let number = 0; number < 3; number += 1) {
      const coach = await world.makeCoach();
      for (let each = 0; each < 8; each += 1)
        await subscribeCalendar(world.app, admin, {
          coachId: coach.id,
          url: `${feed.url}?${number}-${each}`,
        });
    }
    await start();
    await waitFor(() => feed.received.length >= 4, { what: "every slot for calendars to be taken" });
    expect(await timeSummary()).toBeLessThan(3_000);
  });
});

test("an entry that cannot be relayed holds up no other, and is relayed once it can be", async () => {
  await open();
  let broken: string | null = null;
  const done: string[] = [];
  const picky = defineJob("picky", async (_app, { payload }) => void done.push(payload.bookingId ?? ""), {
    pick: async (_sql, entries) => {
      if (entries.some(({ payload }) => payload.bookingId === broken)) throw new Error("a fault of its own");
      return new Set(entries.map(({ id }) => id));
    },
  });
  const [coach, client] = [await world.makeCoach(), await world.makeClient()];
  const ids: string[] = [];
  for (let hour = 1; hour <= 3; hour += 1)
    ids.push((await world.makeBooking({ coach, client, inMinutes: hour * 60 })).booking.id);
  const [first = "", ...others] = ids;
  broken = first;
  await start({ "booking.accepted": [picky] });
  await waitFor(() => done.length === 2, { what: "the others" });
  expect(done.toSorted()).toEqual(others.toSorted());
  const [waits] = await waitFor(
    async () => {
      const rows = await world.db<
        { name: string; lastError: string }[]
      >`SELECT name, last_error FROM jobs WHERE attempts > 0`;
      return rows.length > 0 ? rows : null;
    },
    { what: "it to fail as a job" },
  );
  expect(waits).toEqual({ name: "relay", lastError: "a fault of its own" });
  broken = null;
  await world.db`UPDATE jobs SET due_at = now() WHERE enqueued_at IS NULL`;
  world.app.publisher.publishOutboxNews();
  await waitFor(() => done.includes(first), { what: "the one that failed" });
});

test("a job that was asked for anew while it ran is done anew", async () => {
  await open();
  await askFor("again");
  await world.db`UPDATE jobs SET failed_at = now(), attempts = 11`;
  const outcome = await attemptJob(world.app, "asked-again", async () => {
    await replayJob(world.app, admin, "asked-again");
  });
  expect(outcome).toBe("done");
  expect((await world.db`SELECT FROM jobs WHERE id = 'asked-again' AND failed_at IS NULL`).length).toBe(1);
});

test("asking again for what has failed for good begins it anew, and for what waits changes nothing", async () => {
  await open();
  await askFor("again");
  await world.db`UPDATE jobs SET due_at = '2030-01-01'`;
  await askFor("again");
  expect(await world.db`SELECT attempts FROM jobs WHERE due_at = '2030-01-01'`).toHaveLength(1);
  await world.db`UPDATE jobs SET failed_at = now(), attempts = 11`;
  await askFor("again");
  expect(await world.db`SELECT attempts, failed_at FROM jobs`).toEqual([{ attempts: 0, failedAt: null }]);
});

test("a hub closes in its time whatever a job does", async () => {
  await open({ DRAIN_SECONDS: "1" });
  const { promise: never, resolve } = Promise.withResolvers<void>();
  let runs = 0;
  await start(
    withJob(
      defineJob("hang", () => {
        runs += 1;
        return never;
      }),
    ),
  );
  await askFor("hang");
  await waitFor(() => runs === 1, { what: "the job to run" });
  const closedAt = performance.now();
  await jobs?.close();
  expect(performance.now() - closedAt).toBeLessThan(3_000);
  resolve();
});

test("what hangs on a session that was completed is one more line: it runs beside the others, by its name", async () => {
  await open();
  const reviewed: string[] = [];
  const askForReview = defineJob(
    "ask-for-review",
    async (_app, { payload }) => void reviewed.push(payload.sessionId ?? ""),
  );
  await start({ ...subscribers, "session.ended": [...(subscribers["session.ended"] ?? []), askForReview] });
  await timeSummary();
  await waitFor(() => reviewed.length === 1, { what: "the review to be asked for" });
});
