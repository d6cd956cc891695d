import { type Processor, Queue, Worker, createPostgresBackend, withBackend } from "bullmq";
import type { OutboxEventType } from "../domain/outbox.ts";

/** What a job is given: the entry of the outbox that asked for it. Subjects by id; the job reads what is true. */
export type JobData = {
  entryId: string;
  type: OutboxEventType;
  payload: { bookingId?: string; sessionId?: string; participantId?: string };
  requestId: string | null;
};

/** Where the queue lives: on Redis, or in the hub's own Postgres when there is none. */
export type QueueBackend = { redisUrl: string; prefix: string } | { databaseUrl: string };

export type JobQueue = Pick<Queue<JobData>, "addBulk" | "close" | "getJobCounts" | "on" | "waitUntilReady">;
export type JobWorker = Pick<Worker<JobData>, "close" | "on" | "waitUntilReady">;

const queueName = "jobs";

/** The schema of BullMQ's tables, beside the hub's own. */
const schema = "bullmq";

const attempts = 12;

const jobOptions = {
  attempts,
  backoff: { type: "exponential", delay: 1_000, jitter: 0.5 },
  removeOnComplete: true,
  // What failed for good is kept for a month, to be looked at and tried again.
  removeOnFail: { age: 30 * 24 * 3600 },
};

/** Opens the queue. Adding fails at once while its store is out of reach: the outbox keeps the work. */
export const openQueue = (backend: QueueBackend): JobQueue => {
  if ("redisUrl" in backend) {
    return new Queue<JobData>(queueName, {
      prefix: backend.prefix,
      defaultJobOptions: jobOptions,
      connection: { url: backend.redisUrl, enableOfflineQueue: false, maxRetriesPerRequest: 1 },
    });
  }
  const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
  return new PostgresQueue<JobData>(queueName, {
    defaultJobOptions: jobOptions,
    connection: { connectionString: backend.databaseUrl, schema, migrate: true, max: 2 },
  }) as unknown as JobQueue;
};

/** Opens a worker. It starts at once and goes on by itself when its store comes back. */
export const openWorker = (backend: QueueBackend, process: Processor<JobData>): JobWorker => {
  const options = { concurrency: 8, stalledInterval: 15_000, lockDuration: 30_000 };
  if ("redisUrl" in backend) {
    return new Worker<JobData>(queueName, process, {
      ...options,
      prefix: backend.prefix,
      connection: { url: backend.redisUrl, maxRetriesPerRequest: null },
    });
  }
  const { Worker: PostgresWorker } = withBackend(createPostgresBackend);
  return new PostgresWorker<JobData>(queueName, process, {
    ...options,
    connection: { connectionString: backend.databaseUrl, schema, migrate: true, max: 4 },
  }) as unknown as JobWorker;
};
