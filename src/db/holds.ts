import type { HoldRecord } from "../domain/hold.ts";
import { type Fragment, plainArray, type Sql } from "./client.ts";

const holdColumns = (sql: Sql) => sql`
  id, status, coach_id, client_id, pool_id, session_type_id, starts_at, ends_at, expires_at, created_at, updated_at,
  caller, claim_id, assignment`;

export const findHold = async (sql: Sql, id: string): Promise<HoldRecord | null> => {
  const [row] = await sql<HoldRecord[]>`SELECT ${holdColumns(sql)} FROM holds WHERE id = ${id}`;
  return row ?? null;
};

/** The holds of these ids, and those of these claims. */
export const listHolds = (
  sql: Sql,
  { ids, claimIds }: { ids: readonly string[]; claimIds: readonly string[] },
): Promise<HoldRecord[]> =>
  sql<HoldRecord[]>`
    SELECT ${holdColumns(sql)} FROM holds
    WHERE id = ANY(${plainArray(ids)}::uuid[]) OR claim_id = ANY(${plainArray(claimIds)}::uuid[])`;

/** How many open holds these clients have; those past their deadline are none. A client without any is not there. */
export const countOpenHolds = async (
  sql: Sql,
  clientIds: readonly string[],
): Promise<Map<string, number>> => {
  const rows = await sql<{ clientId: string; count: number }[]>`
    SELECT client_id, count(*)::int AS count FROM holds
    WHERE status = 'open' AND expires_at > clock_timestamp() AND client_id = ANY(${plainArray(clientIds)}::uuid[])
    GROUP BY client_id`;
  return new Map(rows.map(({ clientId, count }) => [clientId, count]));
};

export const insertHolds = (sql: Sql, holds: readonly HoldRecord[]): Fragment => sql`
    INSERT INTO holds (id, status, coach_id, client_id, pool_id, session_type_id, starts_at, ends_at, expires_at,
                       created_at, updated_at, caller, claim_id, assignment)
    SELECT id, status, coach_id, client_id, pool_id, session_type_id, starts_at, ends_at, expires_at, created_at,
           updated_at, caller, claim_id, assignment::jsonb
    FROM unnest(
      ${plainArray(holds.map(({ id }) => id))}::uuid[], ${plainArray(holds.map(({ status }) => status))}::text[],
      ${plainArray(holds.map(({ coachId }) => coachId))}::uuid[], ${plainArray(holds.map(({ clientId }) => clientId))}::uuid[],
      ${plainArray(holds.map(({ poolId }) => poolId))}::uuid[], ${plainArray(holds.map(({ sessionTypeId }) => sessionTypeId))}::uuid[],
      ${plainArray(holds.map(({ startsAt }) => startsAt))}::timestamptz[],
      ${plainArray(holds.map(({ endsAt }) => endsAt))}::timestamptz[],
      ${plainArray(holds.map(({ expiresAt }) => expiresAt))}::timestamptz[],
      ${plainArray(holds.map(({ createdAt }) => createdAt))}::timestamptz[],
      ${plainArray(holds.map(({ updatedAt }) => updatedAt))}::timestamptz[],
      ${holds.map(({ caller }) => caller)}::text[], ${plainArray(holds.map(({ claimId }) => claimId))}::uuid[],
      ${holds.map(({ assignment }) => assignment && JSON.stringify(assignment))}::text[]
    ) AS n (id, status, coach_id, client_id, pool_id, session_type_id, starts_at, ends_at, expires_at, created_at,
            updated_at, caller, claim_id, assignment)`;

/** Writes how holds ended. */
export const updateHolds = (sql: Sql, holds: readonly HoldRecord[]): Fragment => sql`
    UPDATE holds SET status = n.status, claim_id = n.claim_id, updated_at = n.updated_at
    FROM unnest(
      ${plainArray(holds.map(({ id }) => id))}::uuid[], ${plainArray(holds.map(({ status }) => status))}::text[],
      ${plainArray(holds.map(({ claimId }) => claimId))}::uuid[],
      ${plainArray(holds.map(({ updatedAt }) => updatedAt))}::timestamptz[]
    ) AS n (id, status, claim_id, updated_at)
    WHERE holds.id = n.id`;

/** Takes away holds that ended a day ago; at most `limit`. @returns how many */
export const deleteEndedHolds = async (sql: Sql, limit: number): Promise<number> => {
  const { count } = await sql`
    DELETE FROM holds WHERE id IN (
      SELECT id FROM holds WHERE status <> 'open' AND updated_at < now() - interval '1 day'
      ORDER BY updated_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`;
  return count;
};
