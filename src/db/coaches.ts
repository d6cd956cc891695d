import type { Coach } from "../domain/coach.ts";
import type { Sql } from "./client.ts";
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

export type CoachFilter = { id: string | null; activeOnly: boolean };

export const listCoaches = (sql: Sql, filter: CoachFilter, page: PageRequest): Promise<Coach[]> =>
  sql<Coach[]>`
    SELECT * FROM coaches
    WHERE ${beyond(sql, page)}
      ${filter.id ? sql`AND id = ${filter.id}` : sql``}
      ${filter.activeOnly ? sql`AND active` : sql``}
    ${orderBy(sql, page)} LIMIT ${page.limit + 1}`;
