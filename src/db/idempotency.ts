import type { Sql } from "./client.ts";

/** Names one request of one caller, however often it is sent. */
export type IdempotencyRef = { caller: string; route: string; key: string };

/** The answer that was given, and to which request (`fingerprint`). */
export type IdempotencyRecord = { fingerprint: string; status: number; body: unknown; etag: string | null };

/** How long an answer is kept. */
const kept = "24 hours";

export const findRecord = async (sql: Sql, ref: IdempotencyRef): Promise<IdempotencyRecord | null> => {
  const [row] = await sql<IdempotencyRecord[]>`
    SELECT fingerprint, status, body, etag FROM idempotency_records
    WHERE caller = ${ref.caller} AND route = ${ref.route} AND key = ${ref.key}
      AND created_at > now() - ${kept}::interval`;
  return row ?? null;
};

/**
 * Takes the key for the rest of the transaction.
 * @returns false when another transaction is using it now; nothing waits
 */
export const tryLockKey = async (sql: Sql, ref: IdempotencyRef): Promise<boolean> => {
  const text = `${ref.caller} ${ref.route} ${ref.key}`;
  const [row] = await sql<[{ free: boolean }]>`
    SELECT pg_try_advisory_xact_lock(hashtextextended(${text}, 7120)) AS free`;
  return row.free;
};

/**
 * Keeps an answer, in place of one that is past its time.
 * @returns false, and nothing is written, when there is an answer for this key
 */
export const insertRecord = async (
  sql: Sql,
  ref: IdempotencyRef,
  record: IdempotencyRecord,
): Promise<boolean> => {
  const rows = await sql`
    INSERT INTO idempotency_records (caller, route, key, fingerprint, status, body, etag)
    VALUES (${ref.caller}, ${ref.route}, ${ref.key}, ${record.fingerprint}, ${record.status},
            ${JSON.stringify(record.body)}::text::json, ${record.etag})
    ON CONFLICT (caller, route, key) DO UPDATE
      SET fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body,
          etag = excluded.etag, created_at = now()
      WHERE idempotency_records.created_at <= now() - ${kept}::interval
    RETURNING key`;
  return rows.length === 1;
};
