import { setTimeout as delay } from "node:timers/promises";
import { UnrecoverableError } from "bullmq";
import { DomainError, type ErrorKind } from "../domain/errors.ts";
import type { App } from "../usecases/app.ts";
import { completeOutboxJob } from "../usecases/outbox/relay.ts";
import { type JobData, type QueueBackend, openQueue, openWorker } from "./queue.ts";
import { startRelay } from "./relay.ts";
import { findJob } from "./subscribers.ts";
import { startSweep } from "./sweep.ts";

export type Jobs = { close(): Promise<void> };

/** Whether a job that was refused tries again. */
const triesAgain = {
  invalid: false,
  unauthenticated: false,
  forbidden: false,
  not_found: false,
  conflict: false,
  rate_limited: true,
  unavailable: true,
} satisfies Record<ErrorKind, boolean>;

/**
 * Starts the relay of the outbox and the worker of its jobs.
 * @throws when the queue's store cannot be reached
 */
export const startJobs = async (app: App, backend: QueueBackend): Promise<Jobs> => {
  const queue = openQueue(backend);
  const worker = openWorker(backend, async (job) => process(app, { name: job.name, data: job.data }));
  queue.on("error", (error) => app.log.debug({ err: error }, "the job queue is out of reach"));
  worker.on("error", (error) => app.log.debug({ err: error }, "the job worker met an error; it goes on"));
  worker.on("failed", (job, error) =>
    app.log.error(
      {
        err: error,
        job: job?.name,
        jobId: job?.id,
        attempts: job?.attemptsMade,
        requestId: job?.data.requestId,
      },
      "a job failed",
    ),
  );
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
  const relay = startRelay(app, queue);
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

const process = async (app: App, { name, data }: { name: string; data: JobData }): Promise<void> => {
  const job = findJob(name);
  // While versions run side by side a newer node may have asked: tried again, the job finds one that knows it.
  if (!job) throw new Error(`this version of Courtside knows no job "${name}"`);
  try {
    await job.run(app, data);
  } catch (error) {
    if (error instanceof DomainError && !triesAgain[error.kind]) throw new UnrecoverableError(error.message);
    throw error;
  }
  await completeOutboxJob(app, data.entryId, name);
};
