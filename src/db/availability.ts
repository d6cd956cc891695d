import type { Availability } from "../domain/availability.ts";
import { type Sql, toJson } from "./client.ts";

/** Availability as it is kept, with the version of its row. */
export type StoredAvailability = Availability & { version: number };

/** Null when it was never set. */
export const findAvailability = async (sql: Sql, coachId: string): Promise<StoredAvailability | null> => {
  const [row] = await sql<StoredAvailability[]>`
    SELECT rules, overrides, version FROM availability WHERE coach_id = ${coachId}`;
  return row ?? null;
};

/** Locks the row, if there is one, until the transaction ends. */
export const findAvailabilityForUpdate = async (
  sql: Sql,
  coachId: string,
): Promise<StoredAvailability | null> => {
  const [row] = await sql<StoredAvailability[]>`
    SELECT rules, overrides, version FROM availability WHERE coach_id = ${coachId} FOR UPDATE`;
  return row ?? null;
};

export const upsertAvailability = async (
  sql: Sql,
  coachId: string,
  { rules, overrides }: Availability,
): Promise<StoredAvailability> => {
  const [row] = await sql<[StoredAvailability]>`
    INSERT INTO availability (coach_id, rules, overrides)
    VALUES (${coachId}, ${toJson(sql, rules)}, ${toJson(sql, overrides)})
    ON CONFLICT (coach_id) DO UPDATE
      SET rules = excluded.rules, overrides = excluded.overrides, version = availability.version + 1,
          updated_at = now()
    RETURNING rules, overrides, version`;
  return row;
};
