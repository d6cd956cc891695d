import { setTimeout as delay } from "node:timers/promises";
import { UnrecoverableError } from "bullmq";
import type { App } from "../usecases/app.ts";
import { type JobOutcome, attemptJob, failAttempt } from "../usecases/jobs/attempt.ts";
import { enqueueDueJobs, enqueueOverdueJobs } from "../usecases/jobs/enqueue.ts";
import type { Job } from "./job.ts";
import {
  type JobQueue,
  type JobWorker,
  type QueueBackend,
  openQueue,
  openWorker,
  workQueue,
} from "./queue.ts";
import { type Feed, startRelay } from "./relay.ts";
import { subscribers as ownSubscribers } from "./subscribers.ts";
import { startSweep } from "./sweep.ts";

export type Jobs = { close(): Promise<void> };

export type JobsOptions = {
  /** Who acts on what happened; Courtside's own unless given. */
  subscribers?: typeof ownSubscribers;
};

/**
 * Starts the relay of the outbox and the worker of its jobs.
 * @throws when the queue's store cannot be reached
 */
export const startJobs = async (
  app: App,
  backend: QueueBackend,
  { subscribers = ownSubscribers }: JobsOptions = {},
): Promise<Jobs> => {
  const jobs = new Map(
    Object.values(subscribers)
      .flat()
      .map((job) => [job.name, job]),
  );
  const queue = openQueue(backend, "jobs");
  const worker = openWorker(backend, {
    name: "jobs",
    concurrency: app.config.jobConcurrency,
    process: async ({ name, data }) => ended(await attempt(app, jobs, { name, id: data.id })),
  });
  listen(app, queue, worker);
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
  const relay = startRelay(app, {
    subscribersOf: (type) => subscribers[type] ?? [],
    feeds: [jobFeed(app, queue)],
  });
  const sweep = startSweep(app);
  return {
    close: async () => {
      await sweep.close();
      await relay.close();
      // A job that takes longer than this runs again elsewhere.
      await Promise.race([worker.close(), delay(app.config.drainSeconds * 1000, undefined, { ref: false })]);
      await queue.close();
    },
  };
};

const jobFeed = (app: App, queue: JobQueue): Feed => {
  const jobs = workQueue(queue, "jobs");
  return {
    enqueueDue: () => enqueueDueJobs(app, jobs),
    enqueueOverdue: async () => {
      const { givenUp, more } = await enqueueOverdueJobs(app, jobs);
      for (const job of givenUp) await failAttempt(app, job, new Error("the workers that ran it ended"));
      return more;
    },
  };
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
const ended = (outcome: JobOutcome): void => {
  if (outcome === "failed") throw new UnrecoverableError("failed for good");
};

const listen = (app: App, queue: JobQueue, worker: JobWorker): void => {
  queue.on("error", (error) => app.log.debug({ err: error }, "the job queue is out of reach"));
  worker.on("error", (error) => app.log.debug({ err: error }, "the job worker met an error; it goes on"));
};
