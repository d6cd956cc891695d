import { setTimeout as delay } from "node:timers/promises";
import { UnrecoverableError } from "bullmq";
import type { App } from "../usecases/app.ts";
import { type JobOutcome, attemptJob, failAttempt } from "../usecases/jobs/attempt.ts";
import {
  enqueueDueDeliveries,
  enqueueDueJobs,
  enqueueOverdueDeliveries,
  enqueueOverdueJobs,
} from "../usecases/jobs/enqueue.ts";
import { type SubscribersOf, relayEntry, relayJob } from "../usecases/outbox/relay.ts";
import { type DeliveryOutcome, deliverWebhook } from "../usecases/webhooks/deliver.ts";
import { giveUpAttempt } from "../usecases/webhooks/give-up.ts";
import { type Job, defineJob } from "./job.ts";
import {
  type JobData,
  type JobQueue,
  type JobQueueName,
  type JobWorker,
  type QueueBackend,
  type QueueName,
  openQueue,
  openWorker,
  workQueue,
} from "./queue.ts";
import { type Feed, type RunningRelay, startRelay } from "./relay.ts";
import { type Subscribers, allJobs, subscribers as ownSubscribers } from "./subscribers.ts";
import { type RunningSweep, startSweep } from "./sweep.ts";

export type Jobs = { close(): Promise<void> };

export type JobsOptions = {
  /** Who acts on what happened; Courtside's own unless given. */
  subscribers?: Subscribers;
};

/** Calendars that a worker reads at a time: one takes memory, and up to ten seconds. */
const calendarConcurrency = 4;

/**
 * Starts the relay of the outbox, the workers of its jobs, and the chores.
 * @throws when the queue's store cannot be reached; nothing is left running then
 */
export const startJobs = async (
  app: App,
  backend: QueueBackend,
  { subscribers = ownSubscribers }: JobsOptions = {},
): Promise<Jobs> => {
  const subscribersOf: SubscribersOf = (type) => subscribers[type] ?? [];
  const relayAgain = defineJob(relayJob, async (_app, { payload: { entryId } }) => {
    if (entryId !== undefined) await relayEntry(app, subscribersOf, entryId);
  });
  const jobs = new Map([...allJobs(subscribers), relayAgain].map((job) => [job.name, job]));
  let relay: RunningRelay | null = null;
  let sweep: RunningSweep | null = null;
  const workers: JobWorker[] = [];
  const queues: JobQueue[] = [];
  const closeInOrder = async (): Promise<void> => {
    await sweep?.close();
    await relay?.close();
    await Promise.all(workers.map((worker) => worker.close()));
    await Promise.all(queues.map((queue) => queue.close()));
  };
  /** What takes longer than this goes on elsewhere. */
  const close = (): Promise<void> =>
    Promise.race([closeInOrder(), delay(app.config.drainSeconds * 1000, undefined, { ref: false })]);

  const open = async ({ name, concurrency, run }: QueueOptions): Promise<JobQueue> => {
    const tellTrouble = troubleTeller(app, name);
    const queue = openQueue(backend, name);
    queue.on("error", tellTrouble);
    queues.push(queue);
    const worker = openWorker(backend, { name, concurrency, process: (job) => run(job.data, job.name) });
    worker.on("error", tellTrouble);
    workers.push(worker);
    await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
    return queue;
  };
  const run: QueueOptions["run"] = async ({ id }, name) => ended(await attempt(app, jobs, { id, name }));
  const send: QueueOptions["run"] = async ({ id }) => {
    const outcome = await deliver(app, id);
    // Its endpoint has room for the next one.
    relay?.wake();
    ended(outcome);
  };
  const { jobConcurrency, webhookConcurrency } = app.config;
  try {
    const [own, mail, calendars, webhooks] = await Promise.all([
      open({ name: "jobs", concurrency: jobConcurrency, run }),
      open({ name: "mail", concurrency: jobConcurrency, run }),
      open({ name: "calendars", concurrency: calendarConcurrency, run }),
      open({ name: "webhooks", concurrency: webhookConcurrency, run: send }),
    ]);
    const byName: Record<JobQueueName, JobQueue> = { jobs: own, mail, calendars };
    const queueOf = (job: string): JobQueue => byName[jobs.get(job)?.queue ?? "jobs"];
    const feeds = [jobFeed(app, queueOf), deliveryFeed(app, webhooks)];
    relay = startRelay(app, { subscribersOf, feeds });
    sweep = startSweep(app);
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
};

/** A queue with its worker; `run` is given what the queue carries, and the job's name. */
type QueueOptions = {
  name: QueueName;
  concurrency: number;
  run: (data: JobData, job: string) => Promise<void>;
};

const jobFeed = (app: App, queueOf: (job: string) => JobQueue): Feed => {
  const queues = workQueue(({ name = "" }) => queueOf(name));
  return {
    enqueueDue: () => enqueueDueJobs(app, queues),
    enqueueOverdue: async () => {
      const { givenUp, more } = await enqueueOverdueJobs(app, queues);
      for (const job of givenUp) await failAttempt(app, job, new Error("the workers that ran it ended"));
      return more;
    },
  };
};

const deliveryFeed = (app: App, queue: JobQueue): Feed => {
  const deliveries = workQueue(() => queue);
  return {
    enqueueDue: () => enqueueDueDeliveries(app, deliveries),
    enqueueOverdue: async () => {
      const { givenUp, more } = await enqueueOverdueDeliveries(app, deliveries);
      for (const delivery of givenUp) await giveUpAttempt(app, delivery);
      return more;
    },
  };
};

const deliver = async (app: App, deliveryId: string): Promise<DeliveryOutcome> => {
  const startedAt = performance.now();
  const outcome = await deliverWebhook(app, { deliveryId });
  app.metrics.deliveryEnded(outcome, (performance.now() - startedAt) / 1000);
  return outcome;
};

const attempt = async (
  app: App,
  jobs: ReadonlyMap<string, Job>,
  { name, id: jobId }: { name: string; id: string },
): Promise<JobOutcome> => {
  const startedAt = performance.now();
  const outcome = await attemptJob(app, jobId, async ({ id, payload, requestId, attempts }) => {
    const job = jobs.get(name);
    // While versions run side by side a newer node may have asked: tried again, the job finds one that knows it.
    if (!job) throw new Error(`this version of Courtside knows no job "${name}"`);
    await job.run(app, { jobId: id, payload, requestId: requestId ?? id, attempt: attempts + 1 });
  });
  app.metrics.jobEnded(name, outcome, (performance.now() - startedAt) / 1000);
  return outcome;
};

/** What the queue is told: only what has failed for good is a failure to it, which keeps it for the monitor. */
const ended = (outcome: JobOutcome | DeliveryOutcome): void => {
  if (outcome === "failed") throw new UnrecoverableError("failed for good");
};

/** A queue that is out of reach says so again and again: of the same minute, once is enough. */
const quietMs = 60_000;

const troubleTeller = (app: App, queue: QueueName): ((error: Error) => void) => {
  let quietUntil = 0;
  return (error) => {
    if (performance.now() < quietUntil) return;
    quietUntil = performance.now() + quietMs;
    app.log.warn({ err: error, queue }, "a queue is in trouble; its work waits in the database");
  };
};
