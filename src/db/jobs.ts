import type { JobPayload, NewJob } from "../domain/job.ts";
import { type Fragment, type Sql, plainArray } from "./client.ts";
import { type PageRequest, beyond, orderBy } from "./page.ts";

/** A job as it waits, or as it is to run. */
export type JobRow = {
  id: string;
  name: string;
  payload: JobPayload;
  requestId: string | null;
  dueAt: Date;
  /** How many attempts have failed. */
  attempts: number;
};

const jobColumns = (sql: Sql) => sql`id, name, payload, request_id, due_at, attempts`;

/** Writes jobs. One that is there already stays as it is, unless it has failed for good: then it begins anew. */
export const insertJobs = (sql: Sql, jobs: readonly NewJob[]): Fragment => sql`
    INSERT INTO jobs (id, name, payload, request_id, due_at)
    SELECT id, name, payload::jsonb, request_id, coalesce(due_at, now())
    FROM unnest(
      ${plainArray(jobs.map(({ id }) => id))}::text[], ${plainArray(jobs.map(({ name }) => name))}::text[],
      ${jobs.map(({ payload }) => JSON.stringify(payload))}::text[], ${jobs.map(({ requestId }) => requestId)}::text[],
      ${plainArray(jobs.map(({ dueAt }) => dueAt))}::timestamptz[]
    ) AS n (id, name, payload, request_id, due_at)
    ON CONFLICT (id) DO UPDATE SET attempts = 0, failed_at = NULL, enqueued_at = NULL, due_at = excluded.due_at,
      payload = excluded.payload, request_id = excluded.request_id
      WHERE jobs.failed_at IS NOT NULL`;

/** Locks the jobs whose time has come, the longest due first. Those that another relay has locked are passed over. */
export const listDueJobsForUpdate = (sql: Sql, limit: number): Promise<JobRow[]> =>
  sql<JobRow[]>`
    SELECT ${jobColumns(sql)} FROM jobs
    WHERE enqueued_at IS NULL AND failed_at IS NULL AND due_at <= now()
    ORDER BY due_at LIMIT ${limit} FOR UPDATE SKIP LOCKED`;

/** Locks the jobs that were put into the queue longer ago than that and are not done. */
export const listOverdueJobsForUpdate = (
  sql: Sql,
  { limit, overdueMs }: { limit: number; overdueMs: number },
): Promise<JobRow[]> =>
  sql<JobRow[]>`
    SELECT ${jobColumns(sql)} FROM jobs
    WHERE enqueued_at < now() - make_interval(secs => ${overdueMs / 1000}) AND failed_at IS NULL
    ORDER BY enqueued_at LIMIT ${limit} FOR UPDATE SKIP LOCKED`;

export const updateJobsEnqueued = (sql: Sql, ids: readonly string[]): Fragment =>
  sql`UPDATE jobs SET enqueued_at = now() WHERE id = ANY(${plainArray(ids)}::text[])`;

/** A job that is not done, whether it has failed or not. */
export const findJob = async (sql: Sql, id: string): Promise<JobRow | null> => {
  const [row] = await sql<JobRow[]>`SELECT ${jobColumns(sql)} FROM jobs WHERE id = ${id}`;
  return row ?? null;
};

/** Takes away a job that is done, unless it has been asked for anew since it was read. */
export const deleteJob = async (
  sql: Sql,
  { id, attempts, dueAt }: Pick<JobRow, "id" | "attempts" | "dueAt">,
): Promise<void> => {
  await sql`
    DELETE FROM jobs
    WHERE id = ${id} AND attempts = ${attempts} AND date_trunc('milliseconds', due_at) = ${dueAt}`;
};

/**
 * Writes a failed attempt, unless another one has been written since `attempts` was read.
 * @param waitMs how long until the next one; null for none: the job has failed for good
 * @returns false when nothing was written
 */
export const updateJobAttempt = async (
  sql: Sql,
  { id, attempts }: Pick<JobRow, "id" | "attempts">,
  { waitMs, error }: { waitMs: number | null; error: string },
): Promise<boolean> => {
  const rows = await sql`
    UPDATE jobs SET attempts = attempts + 1, last_error = ${error},
      failed_at = ${waitMs === null ? sql`now()` : null},
      due_at = ${waitMs === null ? sql`due_at` : sql`now() + make_interval(secs => ${waitMs / 1000})`},
      enqueued_at = NULL
    WHERE id = ${id} AND attempts = ${attempts} AND failed_at IS NULL
    RETURNING id`;
  return rows.length === 1;
};

/** A job as an admin sees it. */
export type StoredJob = JobRow & {
  enqueuedAt: Date | null;
  failedAt: Date | null;
  lastError: string | null;
  createdAt: Date;
};

const storedColumns = (sql: Sql) => sql`${jobColumns(sql)}, enqueued_at, failed_at, last_error, created_at`;

/** Jobs that have failed for good. Their ids begin with what asked for them, so these are about the newest first. */
export const listFailedJobs = (sql: Sql, page: PageRequest): Promise<StoredJob[]> =>
  sql<StoredJob[]>`
    SELECT ${storedColumns(sql)} FROM jobs WHERE failed_at IS NOT NULL AND ${beyond(sql, page)}
    ${orderBy(sql, page)} LIMIT ${page.limit + 1}`;

/** Locks a job's row until the transaction ends. */
export const findStoredJobForUpdate = async (sql: Sql, id: string): Promise<StoredJob | null> => {
  const [row] = await sql<StoredJob[]>`SELECT ${storedColumns(sql)} FROM jobs WHERE id = ${id} FOR UPDATE`;
  return row ?? null;
};

/** Has a job that failed for good begin anew, now. */
export const updateJobReplayed = async (sql: Sql, id: string): Promise<StoredJob> => {
  const [row] = await sql<[StoredJob]>`
    UPDATE jobs SET attempts = 0, failed_at = NULL, enqueued_at = NULL, due_at = now() WHERE id = ${id}
    RETURNING ${storedColumns(sql)}`;
  return row;
};

/** Takes away jobs that failed for good longer ago than that; at most `limit`. @returns how many */
export const deleteFailedJobs = async (
  sql: Sql,
  { days, limit }: { days: number; limit: number },
): Promise<number> => {
  const { count } = await sql`
    DELETE FROM jobs WHERE id IN (
      SELECT id FROM jobs WHERE failed_at < now() - make_interval(days => ${days}) LIMIT ${limit} FOR UPDATE SKIP LOCKED)`;
  return count;
};

/**
 * Deletes the reminders of a booking that have not run, but for those of this start; with null, all of them.
 */
export const deleteReminders = (sql: Sql, bookingId: string, exceptStartsAt: Date | null): Fragment => sql`
    DELETE FROM jobs WHERE name = 'remind' AND payload ->> 'bookingId' = ${bookingId}
      AND (${exceptStartsAt?.toISOString() ?? null}::text IS NULL OR payload ->> 'startsAt' <> ${exceptStartsAt?.toISOString() ?? null}::text)`;
