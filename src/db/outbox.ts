import type { NewOutboxEntry } from "../domain/outbox.ts";
import { type Fragment, plainArray, type Sql } from "./client.ts";

/** An entry as the relay finds it; `pending` are the jobs that are not done, null before it was ever enqueued. */
export type OutboxEntry = NewOutboxEntry & {
  id: string;
  requestId: string | null;
  createdAt: Date;
  pending: string[] | null;
};

/** An entry with all that is written of it. */
export type OutboxRow = NewOutboxEntry & {
  id: string;
  requestId: string | null;
  /** The key that the caller sent with what made the entry. */
  idempotencyKey: string | null;
};

export const insertOutboxEntries = (sql: Sql, entries: readonly OutboxRow[]): Fragment => sql`
    INSERT INTO outbox (id, type, payload, request_id, idempotency_key)
    SELECT id, type, payload::jsonb, request_id, idempotency_key
    FROM unnest(
      ${plainArray(entries.map(({ id }) => id))}::uuid[], ${plainArray(entries.map(({ type }) => type))}::text[],
      ${entries.map(({ payload }) => JSON.stringify(payload))}::text[],
      ${entries.map(({ requestId }) => requestId)}::text[],
      ${entries.map(({ idempotencyKey }) => idempotencyKey)}::text[]
    ) AS n (id, type, payload, request_id, idempotency_key)`;

/**
 * Locks the oldest entries that wait to be enqueued; with `overdueMs`, those that were enqueued longer ago than that and
 * are not done. Entries that another relay has locked are passed over.
 */
export const listRelayableForUpdate = (
  sql: Sql,
  { limit, overdueMs }: { limit: number; overdueMs?: number },
): Promise<OutboxEntry[]> =>
  // Two questions, since each has an index of its own, and only the first is asked after every commit.
  overdueMs === undefined
    ? sql<OutboxEntry[]>`
        SELECT id, type, payload, request_id, created_at, NULL AS pending FROM outbox
        WHERE enqueued_at IS NULL ORDER BY id LIMIT ${limit} FOR UPDATE SKIP LOCKED`
    : sql<OutboxEntry[]>`
        SELECT id, type, payload, request_id, created_at, pending FROM outbox
        WHERE done_at IS NULL AND enqueued_at < now() - make_interval(secs => ${overdueMs / 1000})
        ORDER BY enqueued_at LIMIT ${limit} FOR UPDATE SKIP LOCKED`;

/** Notes the jobs that each entry now waits for; one with none is done. */
export const updateEntriesEnqueued = async (
  sql: Sql,
  entries: readonly { id: string; jobs: readonly string[] }[],
): Promise<void> => {
  if (entries.length === 0) return;
  await sql`
    UPDATE outbox SET enqueued_at = now(), pending = string_to_array(n.jobs, ' '),
      done_at = CASE WHEN n.jobs = '' THEN now() END
    FROM unnest(${plainArray(entries.map(({ id }) => id))}::uuid[],
                ${entries.map(({ jobs }) => jobs.join(" "))}::text[]) AS n (id, jobs)
    WHERE outbox.id = n.id`;
};

/** Notes that one of the jobs is done; the entry is, once all are. Again for the same job changes nothing. */
export const updateEntryJobDone = async (sql: Sql, id: string, job: string): Promise<void> => {
  await sql`
    UPDATE outbox SET pending = array_remove(pending, ${job}),
      done_at = CASE WHEN array_remove(pending, ${job}) = '{}' THEN now() END
    WHERE id = ${id} AND done_at IS NULL AND ${job} = ANY(pending)`;
};
