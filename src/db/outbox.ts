import type { NewOutboxEntry } from "../domain/outbox.ts";
import { type Sql, toJson } from "./client.ts";

/** An entry as the relay finds it; `pending` are the jobs that are not done, null before it was ever enqueued. */
export type OutboxEntry = NewOutboxEntry & {
  id: string;
  requestId: string | null;
  createdAt: Date;
  pending: string[] | null;
};

export type OutboxBatch = {
  entries: readonly (NewOutboxEntry & { id: string })[];
  requestId: string | null;
  idempotencyKey: string | null;
};

export const insertOutboxEntries = async (sql: Sql, batch: OutboxBatch): Promise<void> => {
  if (batch.entries.length === 0) return;
  await sql`
    INSERT INTO outbox (id, type, payload, request_id, idempotency_key)
    SELECT (e ->> 'id')::uuid, e ->> 'type', e -> 'payload', ${batch.requestId}, ${batch.idempotencyKey}
    FROM jsonb_array_elements(${toJson(sql, batch.entries)}::jsonb) AS e`;
};

/**
 * Locks the oldest entries that wait to be enqueued, or that were enqueued more than `overdueMs` ago and are not
 * done. Entries that another relay has locked are passed over.
 */
export const listRelayableForUpdate = (
  sql: Sql,
  { limit, overdueMs }: { limit: number; overdueMs: number },
): Promise<OutboxEntry[]> =>
  sql<OutboxEntry[]>`
    SELECT id, type, payload, request_id, created_at, CASE WHEN enqueued_at IS NOT NULL THEN pending END AS pending
    FROM outbox
    WHERE enqueued_at IS NULL
       OR (done_at IS NULL AND enqueued_at < now() - make_interval(secs => ${overdueMs / 1000}))
    ORDER BY id LIMIT ${limit} FOR UPDATE SKIP LOCKED`;

/** Notes the jobs that an entry now waits for; one with none is done. */
export const updateEntryEnqueued = async (sql: Sql, id: string, jobs: readonly string[]): Promise<void> => {
  await sql`
    UPDATE outbox SET enqueued_at = now(), pending = ${[...jobs]},
      done_at = CASE WHEN ${jobs.length === 0} THEN now() END
    WHERE id = ${id}`;
};

/** Notes that one of the jobs is done; the entry is, once all are. Again for the same job changes nothing. */
export const updateEntryJobDone = async (sql: Sql, id: string, job: string): Promise<void> => {
  await sql`
    UPDATE outbox SET pending = array_remove(pending, ${job}),
      done_at = CASE WHEN array_remove(pending, ${job}) = '{}' THEN now() END
    WHERE id = ${id} AND done_at IS NULL AND ${job} = ANY(pending)`;
};
