import { type Fragment, type Sql, inTransaction } from "../../db/client.ts";
import {
  type DueDelivery,
  listDueDeliveriesForUpdate,
  listOverdueDeliveriesForUpdate,
  updateDeliveriesEnqueued,
} from "../../db/delivery-queue.ts";
import {
  type JobRow,
  listDueJobsForUpdate,
  listOverdueJobsForUpdate,
  updateJobsEnqueued,
} from "../../db/jobs.ts";
import type { App } from "../app.ts";

/** A queue as the relay sees it. */
export type WorkQueue<Row> = {
  /** Adds rows; adding one that is there must change nothing. */
  add: (rows: readonly Row[]) => Promise<void>;
  /** What the queue knows of a row that it was given: it waits or runs, it was given up, or nothing. */
  stateOf: (row: Row) => Promise<"there" | "given_up" | "gone">;
};

type Scheduled = { id: string };

/** Rows that wait for their time, and how they are marked as enqueued. */
type Schedule<Row extends Scheduled> = {
  listDue: (sql: Sql, limit: number) => Promise<Row[]>;
  listOverdue: (sql: Sql, range: { limit: number; overdueMs: number }) => Promise<Row[]>;
  markEnqueued: (sql: Sql, ids: readonly string[]) => Fragment;
};

const jobs: Schedule<JobRow> = {
  listDue: listDueJobsForUpdate,
  listOverdue: listOverdueJobsForUpdate,
  markEnqueued: updateJobsEnqueued,
};

const deliveries: Schedule<DueDelivery> = {
  listDue: listDueDeliveriesForUpdate,
  listOverdue: listOverdueDeliveriesForUpdate,
  markEnqueued: updateDeliveriesEnqueued,
};

const batchSize = 100;

/** Enqueued and not done for this long: the queue is asked what became of it, since it may have lost its memory. */
const overdueMs = 60_000;

/**
 * Puts one batch of what is due into its queue. The rows stay locked until the queue has them: a relay that dies in
 * between leaves them to the next one, and what the queue has already is not added twice.
 * @returns true when more may be due
 */
const enqueueDue = <Row extends Scheduled>(
  app: App,
  { listDue, markEnqueued }: Schedule<Row>,
  queue: WorkQueue<Row>,
): Promise<boolean> =>
  inTransaction(app.sql, async (sql) => {
    const rows = await listDue(sql, batchSize);
    if (rows.length === 0) return false;
    await queue.add(rows);
    await markEnqueued(
      sql,
      rows.map(({ id }) => id),
    );
    return rows.length === batchSize;
  });

/**
 * Looks after what was enqueued a while ago and is not done: what the queue does not know is added again, and what it
 * gave up, such as a job whose workers died of it, is returned as failed.
 */
const enqueueOverdue = <Row extends Scheduled>(
  app: App,
  { listOverdue, markEnqueued }: Schedule<Row>,
  queue: WorkQueue<Row>,
): Promise<{ givenUp: Row[]; more: boolean }> =>
  inTransaction(app.sql, async (sql) => {
    const rows = await listOverdue(sql, { limit: batchSize, overdueMs });
    if (rows.length === 0) return { givenUp: [], more: false };
    const states = await Promise.all(rows.map(queue.stateOf));
    const gone = rows.filter((_, index) => states[index] === "gone");
    if (gone.length > 0) await queue.add(gone);
    await markEnqueued(
      sql,
      rows.map(({ id }) => id),
    );
    return {
      givenUp: rows.filter((_, index) => states[index] === "given_up"),
      more: rows.length === batchSize,
    };
  });

export const enqueueDueJobs = (app: App, queue: WorkQueue<JobRow>): Promise<boolean> =>
  enqueueDue(app, jobs, queue);

export const enqueueDueDeliveries = (app: App, queue: WorkQueue<DueDelivery>): Promise<boolean> =>
  enqueueDue(app, deliveries, queue);

export const enqueueOverdueJobs = (
  app: App,
  queue: WorkQueue<JobRow>,
): Promise<{ givenUp: JobRow[]; more: boolean }> => enqueueOverdue(app, jobs, queue);

export const enqueueOverdueDeliveries = (
  app: App,
  queue: WorkQueue<DueDelivery>,
): Promise<{ givenUp: DueDelivery[]; more: boolean }> => enqueueOverdue(app, deliveries, queue);
