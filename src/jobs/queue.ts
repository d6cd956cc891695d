import { type Processor, Queue, Worker, createPostgresBackend, withBackend } from "bullmq";
import type { WorkQueue } from "../usecases/jobs/enqueue.ts";

/** What the queue carries of a job: the row says the rest, and says it as it is when the job runs. */
export type JobData = { id: string; requestId?: string | null; payload?: object };

/** Where queues live: on Redis, or in the hub's own Postgres when there is none. */
export type QueueBackend = { redisUrl: string; prefix: string } | { databaseUrl: string };

/** Queues of jobs: what the hub does alone, and apart from it what waits for a mail server, or for calendars elsewhere. */
const jobQueueNames = ["jobs", "mail", "calendars"] as const;
export type JobQueueName = (typeof jobQueueNames)[number];

/** Whoever lets the hub wait holds up their own kind and nothing else. */
export const queueNames = [...jobQueueNames, "webhooks"] as const;
export type QueueName = (typeof queueNames)[number];

export type JobQueue = Queue<JobData>;
export type JobWorker = Pick<Worker<JobData>, "close" | "on" | "waitUntilReady">;

/** The schema of BullMQ's tables, beside the hub's own. */
const schema = "bullmq";

const jobOptions = {
  // When a job is tried again is written in its row, so that a queue which loses its memory forgets no retry.
  attempts: 1,
  removeOnComplete: true,
  // What failed for good, to be looked at in the monitor. The rows are what is listed and replayed.
  removeOnFail: { age: 30 * 24 * 3600, count: 1_000 },
};

/** Opens a queue. Adding fails at once while its store is out of reach: the rows keep the work. */
export const openQueue = (backend: QueueBackend, name: QueueName): JobQueue => {
  if ("redisUrl" in backend) {
    return new Queue<JobData>(name, {
      prefix: backend.prefix,
      defaultJobOptions: jobOptions,
      connection: { url: backend.redisUrl, enableOfflineQueue: false, maxRetriesPerRequest: 1 },
    });
  }
  const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
  return new PostgresQueue<JobData>(name, {
    defaultJobOptions: jobOptions,
    connection: { connectionString: backend.databaseUrl, schema, migrate: true, max: 1 },
  }) as unknown as JobQueue;
};

export type WorkerOptions = { name: QueueName; concurrency: number; process: Processor<JobData> };

/** Opens a worker. It starts at once and goes on by itself when its store comes back. */
export const openWorker = (
  backend: QueueBackend,
  { name, concurrency, process }: WorkerOptions,
): JobWorker => {
  const options = { concurrency, stalledInterval: 15_000, lockDuration: 30_000 };
  if ("redisUrl" in backend) {
    return new Worker<JobData>(name, process, {
      ...options,
      prefix: backend.prefix,
      connection: { url: backend.redisUrl, maxRetriesPerRequest: null },
    });
  }
  const { Worker: PostgresWorker } = withBackend(createPostgresBackend);
  return new PostgresWorker<JobData>(name, process, {
    ...options,
    connection: { connectionString: backend.databaseUrl, schema, migrate: true, max: 2 },
  }) as unknown as JobWorker;
};

type Row = { id: string; dueAt: Date; name?: string; requestId?: string | null; payload?: object };

/** A row's id with the time that it was due: adding it again adds nothing while it is there, and its next attempt is another. */
const jobIdOf = ({ id, dueAt }: Row): string => `${id}-${dueAt.getTime()}`;

/** Queues as the relay uses them; each row has its own. */
export const workQueue = (queueOf: (row: Row) => JobQueue): WorkQueue<Row> => ({
  add: async (rows) => {
    const adding = [...Map.groupBy(rows, queueOf)].map(([queue, own]) =>
      queue.addBulk(
        own.map((row) => ({
          name: row.name ?? queue.name,
          data: {
            id: row.id,
            ...(row.payload ? { payload: row.payload, requestId: row.requestId ?? null } : {}),
          },
          opts: { jobId: jobIdOf(row) },
        })),
      ),
    );
    await Promise.all(adding);
  },
  stateOf: async (row) => {
    const state = await queueOf(row).getJobState(jobIdOf(row));
    if (state === "failed") return "given_up";
    return state === "unknown" || state === "completed" ? "gone" : "there";
  },
});
