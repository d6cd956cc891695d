import { type Fragment, plainArray, type Sql } from "./client.ts";

/** Names one request of one caller, however often it is sent. */
export type IdempotencyRef = { caller: string; route: string; key: string };

/** The answer that was given, its body as text, and to which request (`fingerprint`). */
export type IdempotencyRecord = { fingerprint: string; status: number; body: string; etag: string | null };

/** How long an answer is kept. */
const kept = "24 hours";

/** The name under which a key is locked while its request is answered. */
export const lockNameOf = ({ caller, route, key }: IdempotencyRef): string => `${caller} ${route} ${key}`;

/** The records of these keys, in no order. */
export const listRecords = (
  sql: Sql,
  refs: readonly IdempotencyRef[],
): Promise<(IdempotencyRef & IdempotencyRecord)[]> =>
  sql<(IdempotencyRef & IdempotencyRecord)[]>`
    SELECT caller, route, key, fingerprint, status, body::text AS body, etag
    FROM unnest(${refs.map(({ caller }) => caller)}::text[], ${refs.map(({ route }) => route)}::text[],
                ${refs.map(({ key }) => key)}::text[]) AS asked (caller, route, key)
    JOIN idempotency_records USING (caller, route, key)
    WHERE created_at > now() - ${kept}::interval`;

const newRecords = (sql: Sql, records: readonly (IdempotencyRef & IdempotencyRecord)[]) => sql`
  INSERT INTO idempotency_records (caller, route, key, fingerprint, status, body, etag)
  SELECT caller, route, key, fingerprint, status, body::json, etag
  FROM unnest(${records.map(({ caller }) => caller)}::text[], ${records.map(({ route }) => route)}::text[],
              ${records.map(({ key }) => key)}::text[], ${records.map(({ fingerprint }) => fingerprint)}::text[],
              ${plainArray(records.map(({ status }) => status))}::int[], ${records.map(({ body }) => body)}::text[],
              ${records.map(({ etag }) => etag)}::text[])
    AS n (caller, route, key, fingerprint, status, body, etag)
  ON CONFLICT (caller, route, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body,
        etag = excluded.etag, created_at = now()`;

/**
 * Keeps answers, for a transaction that has locked their keys and found none: whatever stands there now is past its time,
 * or a refusal, which needs no lock and gives way.
 */
export const upsertRecords = (sql: Sql, records: readonly (IdempotencyRef & IdempotencyRecord)[]): Fragment =>
  newRecords(sql, records);

/** Keeps an answer unless there is one for its key. */
export const insertRecord = async (sql: Sql, record: IdempotencyRef & IdempotencyRecord): Promise<void> => {
  await sql`
    ${newRecords(sql, [record])} WHERE idempotency_records.created_at <= now() - ${kept}::interval`;
};

/** Takes away answers that are no longer given; at most `limit`. @returns how many */
export const deleteOldRecords = async (sql: Sql, limit: number): Promise<number> => {
  const { count } = await sql`
    DELETE FROM idempotency_records WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM idempotency_records WHERE created_at <= now() - ${kept}::interval
      ORDER BY created_at LIMIT ${limit} FOR UPDATE SKIP LOCKED))`;
  return count;
};
