import type { Pool, PoolMember } from "../domain/pool.ts";
import { type Fragment, plainArray, type Sql } from "./client.ts";
import { type PageRequest, beyond, orderBy } from "./page.ts";

const poolColumns = (sql: Sql) => sql`
  id, name, version, created_at, updated_at,
  (SELECT coalesce(json_agg(json_build_object('coachId', m.coach_id, 'weight', m.weight, 'priority', m.priority)
                            ORDER BY m.coach_id), '[]')
   FROM pool_members m WHERE m.pool_id = pools.id) AS members`;

export const insertPool = async (sql: Sql, pool: { id: string; name: string }): Promise<void> => {
  await sql`INSERT INTO pools (id, name) VALUES (${pool.id}, ${pool.name})`;
};

/** Counts a change of a pool or its members; a name that is undefined stays. */
export const updatePool = async (sql: Sql, id: string, name: string | undefined): Promise<void> => {
  await sql`
    UPDATE pools SET name = coalesce(${name ?? null}, name), version = version + 1, updated_at = now() WHERE id = ${id}`;
};

export const findPool = async (sql: Sql, id: string): Promise<Pool | null> => {
  const [row] = await sql<Pool[]>`SELECT ${poolColumns(sql)} FROM pools WHERE id = ${id}`;
  return row ?? null;
};

export const listPools = (sql: Sql, page: PageRequest): Promise<Pool[]> =>
  sql<Pool[]>`
    SELECT ${poolColumns(sql)} FROM pools WHERE ${beyond(sql, page)} ${orderBy(sql, page)} LIMIT ${page.limit + 1}`;

/** A member with the pool that it is of. */
export type PoolMemberRow = PoolMember & { poolId: string; name: string; active: boolean };

/** The members of these pools, in the order of their ids. */
export const listPoolMembers = (sql: Sql, poolIds: readonly string[]): Promise<PoolMemberRow[]> =>
  sql<PoolMemberRow[]>`
    SELECT m.pool_id, m.coach_id, m.weight, m.priority, m.credit::float8 AS credit, m.last_assigned_at, c.score, c.name,
           c.active
    FROM pool_members m JOIN coaches c ON c.id = m.coach_id
    WHERE m.pool_id = ANY(${plainArray(poolIds)}::uuid[]) ORDER BY m.pool_id, m.coach_id`;

export type NewPoolMember = { coachId: string; weight: number; priority: number; credit: number };

/** Writes members; one who is there keeps their credit. */
export const upsertPoolMembers = async (
  sql: Sql,
  poolId: string,
  members: readonly NewPoolMember[],
): Promise<void> => {
  await sql`
    INSERT INTO pool_members (pool_id, coach_id, weight, priority, credit)
    SELECT ${poolId}::uuid, coach_id, weight, priority, credit
    FROM unnest(${plainArray(members.map(({ coachId }) => coachId))}::uuid[], ${plainArray(members.map(({ weight }) => weight))}::int[],
                ${plainArray(members.map(({ priority }) => priority))}::int[], ${plainArray(members.map(({ credit }) => credit))}::bigint[])
      AS n (coach_id, weight, priority, credit)
    ON CONFLICT (pool_id, coach_id) DO UPDATE SET weight = excluded.weight, priority = excluded.priority`;
};

/** Takes everybody out of a pool but these. */
export const deletePoolMembersExcept = async (
  sql: Sql,
  poolId: string,
  coachIds: readonly string[],
): Promise<void> => {
  await sql`DELETE FROM pool_members WHERE pool_id = ${poolId} AND coach_id <> ALL(${plainArray(coachIds)}::uuid[])`;
};

/** A change of what a pool owes a member; `assigned` when they were chosen. */
export type CreditRow = { poolId: string; coachId: string; delta: number; assigned: boolean };

/**
 * Adds to credits, at most one change a member. Rows are locked in one order, so that choices and refunds that meet
 * do not deadlock. Who is no longer a member is passed over.
 */
export const updateCredits = (sql: Sql, changes: readonly CreditRow[]): Fragment => sql`
    WITH change AS (
      SELECT * FROM unnest(
        ${plainArray(changes.map(({ poolId }) => poolId))}::uuid[], ${plainArray(changes.map(({ coachId }) => coachId))}::uuid[],
        ${plainArray(changes.map(({ delta }) => delta))}::bigint[], ${plainArray(changes.map(({ assigned }) => Number(assigned)))}::int[]
      ) AS n (pool_id, coach_id, delta, assigned)
    ), locked AS (
      SELECT m.pool_id, m.coach_id, c.delta, c.assigned FROM pool_members m JOIN change c USING (pool_id, coach_id)
      ORDER BY m.pool_id, m.coach_id FOR UPDATE OF m
    )
    UPDATE pool_members m SET credit = m.credit + l.delta,
      last_assigned_at = CASE WHEN l.assigned = 1 THEN clock_timestamp() ELSE m.last_assigned_at END
    FROM locked l WHERE m.pool_id = l.pool_id AND m.coach_id = l.coach_id`;

/** What each member of a pool was given in a stretch of time. */
export type MemberBookings = { coachId: string; bookings: number; minutes: number };

/** Counts the bookings that a pool gave to its coaches and that stand, by coach; half-open in the start. */
export const countPoolBookings = (
  sql: Sql,
  poolId: string,
  { from, to }: { from: Date; to: Date },
): Promise<MemberBookings[]> =>
  sql<MemberBookings[]>`
    SELECT coach_id, count(*)::int AS bookings,
           sum(extract(epoch FROM ends_at - starts_at) / 60)::float8 AS minutes
    FROM bookings
    WHERE pool_id = ${poolId} AND starts_at >= ${from} AND starts_at < ${to} AND status IN ('pending', 'accepted')
    GROUP BY coach_id`;
