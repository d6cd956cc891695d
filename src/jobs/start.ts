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
import { type DeliveryOutcome, deliverWebhook } from "../usecases/webhooks/deliver.ts";
import { giveUpAttempt } from "../usecases/webhooks/give-up.ts";
import type { Job } from "./job.ts";
import { type JobQueue, type QueueBackend, openQueue, openWorker, workQueue } from "./queue.ts";
import { type Feed, type RunningRelay, startRelay } from "./relay.ts";
import { type Subscribers, allJobs, subscribers as ownSubscribers } from "./subscribers.ts";
import { startSweep } from "./sweep.ts";

export type Jobs = { close(): Promise<void> };

export type JobsOptions = {
  /** Who acts on what happened; Courtside's own unless given. */
  subscribers?: Subscribers;
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
  const jobs = new Map(allJobs(subscribers).map((job) => [job.name, job]));
  const queues = { jobs: openQueue(backend, "jobs"), webhooks: openQueue(backend, "webhooks") };
  const workers = [
    openWorker(backend, {
      name: "jobs",
      concurrency: app.config.jobConcurrency,
      process: async ({ name, data }) => ended(await attempt(app, jobs, { name, id: data.id })),
    }),
    openWorker(backend, {
      name: "webhooks",
      concurrency: app.config.webhookConcurrency,
      process: async ({ data }) => {
        const outcome = await deliver(app, data.id);
        // Its endpoint has room for the next one.
        relay?.wake();
        ended(outcome);
      },
    }),
  ];
  let relay: RunningRelay | null = null;
  const onError = (error: Error): void =>
    app.log.debug({ err: error }, "a queue is out of reach; its work waits");
  for (const queue of Object.values(queues)) queue.on("error", onError);
  for (const worker of workers) worker.on("error", onError);
  await Promise.all([...Object.values(queues), ...workers].map((each) => each.waitUntilReady()));
  relay = startRelay(app, {
    subscribersOf: (type) => subscribers[type] ?? [],
    feeds: [jobFeed(app, queues.jobs), deliveryFeed(app, queues.webhooks)],
  });
  const sweep = startSweep(app);
  return {
    close: async () => {
      await sweep.close();
      await relay?.close();
      // What takes longer than this runs again elsewhere.
      const drained = Promise.all(workers.map((worker) => worker.close()));
      await Promise.race([drained, delay(app.config.drainSeconds * 1000, undefined, { ref: false })]);
      await Promise.all(Object.values(queues).map((queue) => queue.close()));
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

const deliveryFeed = (app: App, queue: JobQueue): Feed => {
  const deliveries = workQueue(queue, "webhooks");
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
