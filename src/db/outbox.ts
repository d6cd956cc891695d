import type { NewOutboxEntry } from "../domain/outbox.ts";
import { type Fragment, type Sql, plainArray } from "./client.ts";

/** An entry as the relay finds it. */
export type OutboxEntry = NewOutboxEntry & {
  id: string;
  requestId: string | null;
  /** The key that the caller sent with what made the entry. */
  idempotencyKey: string | null;
  createdAt: Date;
};

/** An entry with all that is written of it. */
export type OutboxRow = Omit<OutboxEntry, "createdAt">;

export const insertOutboxEntries = (sql: Sql, entries: readonly OutboxRow[]): Fragment => sql`
    INSERT INTO outbox (id, type, payload, request_id, idempotency_key)
    SELECT id, type, payload::jsonb, request_id, idempotency_key
    FROM unnest(
      ${plainArray(entries.map(({ id }) => id))}::uuid[], ${plainArray(entries.map(({ type }) => type))}::text[],
      ${entries.map(({ payload }) => JSON.stringify(payload))}::text[],
      ${entries.map(({ requestId }) => requestId)}::text[],
      ${entries.map(({ idempotencyKey }) => idempotencyKey)}::text[]
    ) AS n (id, type, payload, request_id, idempotency_key)`;

const entryColumns = (sql: Sql) => sql`id, type, payload, request_id, idempotency_key, created_at`;

/**
 * Locks the oldest entries that nothing has been made of yet, or the one that is asked for. Those that another relay has
 * locked are passed over.
 */
export const listNewEntriesForUpdate = (
  sql: Sql,
  { limit, id }: { limit: number; id?: string },
): Promise<OutboxEntry[]> =>
  sql<OutboxEntry[]>`
    SELECT ${entryColumns(sql)} FROM outbox
    WHERE enqueued_at IS NULL ${id === undefined ? sql`` : sql`AND id = ${id}`}
    ORDER BY id LIMIT ${limit} FOR UPDATE SKIP LOCKED`;

export const listNewEntryIds = async (sql: Sql, limit: number): Promise<string[]> => {
  const rows = await sql<{ id: string }[]>`
    SELECT id FROM outbox WHERE enqueued_at IS NULL ORDER BY id LIMIT ${limit}`;
  return rows.map(({ id }) => id);
};

/** Locks these entries, relayed or not. */
export const listEntriesForUpdate = (sql: Sql, ids: readonly string[]): Promise<OutboxEntry[]> =>
  sql<OutboxEntry[]>`
    SELECT ${entryColumns(sql)} FROM outbox WHERE id = ANY(${plainArray(ids)}::uuid[]) FOR UPDATE`;

/** Notes that all that entries ask for has been written. */
export const updateEntriesRelayed = (sql: Sql, ids: readonly string[]): Fragment =>
  sql`UPDATE outbox SET enqueued_at = now() WHERE id = ANY(${plainArray(ids)}::uuid[])`;

/**
 * Takes away entries that are older than that and were relayed, with their deliveries: by then those were made or given
 * up, or their endpoint has been off for as long. At most `limit`, the oldest first.
 * @returns how many
 */
export const deleteOldEntries = async (
  sql: Sql,
  { days, limit }: { days: number; limit: number },
): Promise<number> => {
  const { count } = await sql`
    DELETE FROM outbox WHERE id IN (
      SELECT id FROM outbox WHERE created_at < now() - make_interval(days => ${days}) AND enqueued_at IS NOT NULL
      ORDER BY created_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`;
  return count;
};
