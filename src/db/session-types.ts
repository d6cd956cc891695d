import type { LaneType } from "../domain/lane/state.ts";
import type { SessionType } from "../domain/session-type.ts";
import { plainArray, type Sql, toJson } from "./client.ts";
import { type PageRequest, beyond, orderBy } from "./page.ts";

const typeColumns = (sql: Sql) => sql`
  id, slug, name, duration_minutes, buffer_before_minutes, buffer_after_minutes, minimum_notice_minutes,
  booking_window_days, requires_approval, requires_admission, allows_model_summary, approval_deadline_minutes, step_minutes,
  cancel_cutoff_minutes, reschedule_cutoff_minutes, location, empty_room_minutes, max_overrun_minutes, no_show_minutes,
  version, created_at, updated_at,
  ARRAY(SELECT o.coach_id FROM session_type_offers o WHERE o.session_type_id = t.id AND o.coach_id IS NOT NULL
        ORDER BY 1) AS coach_ids,
  ARRAY(SELECT o.pool_id FROM session_type_offers o WHERE o.session_type_id = t.id AND o.pool_id IS NOT NULL
        ORDER BY 1) AS pool_ids`;

/** What a caller sets of a type. */
export type SessionTypeFields = Omit<
  SessionType,
  "id" | "coachIds" | "poolIds" | "version" | "createdAt" | "updatedAt"
>;

const values = (sql: Sql, type: SessionTypeFields) => sql`
  ${type.slug}, ${type.name}, ${type.durationMinutes}, ${type.bufferBeforeMinutes}, ${type.bufferAfterMinutes},
  ${type.minimumNoticeMinutes}, ${type.bookingWindowDays}, ${type.requiresApproval}, ${type.requiresAdmission},
  ${type.allowsModelSummary}, ${type.approvalDeadlineMinutes}, ${type.stepMinutes}, ${type.cancelCutoffMinutes},
  ${type.rescheduleCutoffMinutes}, ${toJson(sql, type.location)}, ${type.emptyRoomMinutes}, ${type.maxOverrunMinutes},
  ${type.noShowMinutes}`;

const valueColumns = (sql: Sql) => sql`
  slug, name, duration_minutes, buffer_before_minutes, buffer_after_minutes, minimum_notice_minutes,
  booking_window_days, requires_approval, requires_admission, allows_model_summary, approval_deadline_minutes,
  step_minutes, cancel_cutoff_minutes, reschedule_cutoff_minutes, location, empty_room_minutes, max_overrun_minutes,
  no_show_minutes`;

/** Fails with unique violation `session_types_slug_key` when another type has the slug. */
export const insertSessionType = async (sql: Sql, id: string, type: SessionTypeFields): Promise<void> => {
  await sql`INSERT INTO session_types (id, ${valueColumns(sql)}) VALUES (${id}, ${values(sql, type)})`;
};

/** Writes every field of a type. Fails with unique violation `session_types_slug_key` as an insert does. */
export const updateSessionType = async (sql: Sql, id: string, type: SessionTypeFields): Promise<void> => {
  await sql`
    UPDATE session_types SET (${valueColumns(sql)}, version, updated_at) = (${values(sql, type)}, version + 1, now())
    WHERE id = ${id}`;
};

/** Makes these coaches and pools, and nobody else, the ones who offer a type. */
export const replaceOffers = async (
  sql: Sql,
  id: string,
  { coachIds, poolIds }: Pick<SessionType, "coachIds" | "poolIds">,
): Promise<void> => {
  await sql`DELETE FROM session_type_offers WHERE session_type_id = ${id}`;
  await sql`
    INSERT INTO session_type_offers (session_type_id, coach_id, pool_id)
    SELECT ${id}::uuid, offer, NULL FROM unnest(${plainArray(coachIds)}::uuid[]) AS offer
    UNION ALL SELECT ${id}::uuid, NULL, offer FROM unnest(${plainArray(poolIds)}::uuid[]) AS offer`;
};

export const findSessionType = async (sql: Sql, id: string): Promise<SessionType | null> => {
  const [row] = await sql<SessionType[]>`SELECT ${typeColumns(sql)} FROM session_types t WHERE id = ${id}`;
  return row ?? null;
};

/** Locks the type's row until the transaction ends. */
export const findSessionTypeForUpdate = async (sql: Sql, id: string): Promise<SessionType | null> => {
  await sql`SELECT 1 FROM session_types WHERE id = ${id} FOR UPDATE`;
  return findSessionType(sql, id);
};

export const listSessionTypes = (sql: Sql, page: PageRequest): Promise<SessionType[]> =>
  sql<SessionType[]>`
    SELECT ${typeColumns(sql)} FROM session_types t WHERE ${beyond(sql, page)} ${orderBy(sql, page)} LIMIT ${page.limit + 1}`;

/** These types with everybody who offers them, the members of their pools among them. */
export const listLaneTypes = async (sql: Sql, ids: readonly string[]): Promise<LaneType[]> => {
  const rows = await sql<(SessionType & { offeringCoachIds: string[] })[]>`
    SELECT ${typeColumns(sql)}, ARRAY(
      SELECT o.coach_id FROM session_type_offers o WHERE o.session_type_id = t.id AND o.coach_id IS NOT NULL
      UNION SELECT m.coach_id FROM session_type_offers o JOIN pool_members m USING (pool_id)
      WHERE o.session_type_id = t.id) AS offering_coach_ids
    FROM session_types t WHERE id = ANY(${plainArray(ids)}::uuid[])`;
  return rows.map(({ offeringCoachIds, ...type }) => ({ type, offeringCoachIds: new Set(offeringCoachIds) }));
};

/** Which of these pools offer a type. */
export const listPoolsWithTypes = async (sql: Sql, poolIds: readonly string[]): Promise<string[]> => {
  const rows = await sql<{ poolId: string }[]>`
    SELECT DISTINCT pool_id FROM session_type_offers WHERE pool_id = ANY(${plainArray(poolIds)}::uuid[])`;
  return rows.map(({ poolId }) => poolId);
};
