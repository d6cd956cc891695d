import type { Availability } from "../domain/availability.ts";
import type { ChangesOf } from "../domain/changes.ts";
import type { Coach } from "../domain/coach.ts";
import { plainArray, type Sql } from "./client.ts";
import { type PageRequest, beyond, orderBy } from "./page.ts";

export type NewCoach = Pick<Coach, "id" | "name" | "timeZone"> & {
  email?: string | undefined;
  externalId?: string | undefined;
  score?: number | undefined;
  dailyLimit?: number | undefined;
};

/** Fails with unique violation `coaches_external_id_key` when the external id is another coach's. */
export const insertCoach = async (sql: Sql, coach: NewCoach): Promise<Coach> => {
  const [row] = await sql<[Coach]>`
    INSERT INTO coaches (id, name, time_zone, email, external_id, score, daily_limit)
    VALUES (${coach.id}, ${coach.name}, ${coach.timeZone}, ${coach.email ?? null}, ${coach.externalId ?? null},
            ${coach.score ?? 0.5}, ${coach.dailyLimit ?? null})
    RETURNING *`;
  return row;
};

export const findCoach = async (sql: Sql, id: string): Promise<Coach | null> => {
  const [row] = await sql<Coach[]>`SELECT * FROM coaches WHERE id = ${id}`;
  return row ?? null;
};

export const findCoachByExternalId = async (sql: Sql, externalId: string): Promise<Coach | null> => {
  const [row] = await sql<Coach[]>`SELECT * FROM coaches WHERE external_id = ${externalId}`;
  return row ?? null;
};

/** What may change of a coach; undefined stays. */
export type CoachChanges = ChangesOf<
  Pick<
    Coach,
    "name" | "email" | "externalId" | "timeZone" | "score" | "dailyLimit" | "calendarPolicy" | "active"
  >
>;

/** Locks the coach's row until the transaction ends. */
export const findCoachForUpdate = async (sql: Sql, id: string): Promise<Coach | null> => {
  const [row] = await sql<Coach[]>`SELECT * FROM coaches WHERE id = ${id} FOR UPDATE`;
  return row ?? null;
};

/** Writes all that may change. Fails with unique violation `coaches_external_id_key` as an insert does. */
export const updateCoach = async (sql: Sql, coach: Coach): Promise<Coach> => {
  const [row] = await sql<[Coach]>`
    UPDATE coaches SET name = ${coach.name}, email = ${coach.email}, external_id = ${coach.externalId},
      time_zone = ${coach.timeZone}, score = ${coach.score}, daily_limit = ${coach.dailyLimit},
      calendar_policy = ${coach.calendarPolicy}, active = ${coach.active}, version = version + 1, updated_at = now()
    WHERE id = ${coach.id} RETURNING *`;
  return row;
};

export type CoachFilter = { id: string | null; activeOnly: boolean };

export const listCoaches = (sql: Sql, filter: CoachFilter, page: PageRequest): Promise<Coach[]> =>
  sql<Coach[]>`
    SELECT * FROM coaches
    WHERE ${beyond(sql, page)}
      ${filter.id ? sql`AND id = ${filter.id}` : sql``}
      ${filter.activeOnly ? sql`AND active` : sql``}
    ${orderBy(sql, page)} LIMIT ${page.limit + 1}`;

/** What of a coach decides whether their time may be booked. */
export type CoachSchedule = Pick<Coach, "id" | "active" | "timeZone" | "dailyLimit" | "calendarPolicy"> & {
  /** Null when it was never set. */
  availability: Availability | null;
  /** Null without a calendar elsewhere; true when one of them has not been read for too long. */
  stale: boolean | null;
  /** True when the coach, or a pool of theirs, offers a session type. */
  offersTypes: boolean;
};

/** The schedules of these coaches, in no order; an id of nobody is passed over. */
export const listCoachSchedules = (
  sql: Sql,
  coachIds: readonly string[],
  staleMinutes: number,
): Promise<CoachSchedule[]> =>
  sql<CoachSchedule[]>`
    SELECT c.id, c.active, c.time_zone, c.daily_limit, c.calendar_policy,
      CASE WHEN a.coach_id IS NOT NULL THEN json_build_object('rules', a.rules, 'overrides', a.overrides) END AS availability,
      (SELECT bool_or(k.synced_at IS NULL OR k.synced_at < now() - make_interval(mins => ${staleMinutes}))
       FROM calendars k WHERE k.coach_id = c.id) AS stale,
      EXISTS (SELECT FROM session_type_offers o WHERE o.coach_id = c.id)
        OR EXISTS (SELECT FROM pool_members m JOIN session_type_offers o USING (pool_id) WHERE m.coach_id = c.id)
        AS offers_types
    FROM coaches c LEFT JOIN availability a ON a.coach_id = c.id
    WHERE c.id = ANY(${plainArray(coachIds)}::uuid[])`;
