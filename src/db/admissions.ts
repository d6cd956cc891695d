import type { Admission } from "../domain/room.ts";
import { type Fragment, plainArray, type Sql } from "./client.ts";

/** Somebody at the door of a room. */
export type AdmissionRef = { sessionId: string; participantId: string };

/** How rooms stand to these people; those of whom nothing was ever said are not among them. */
export const listAdmissions = (
  sql: Sql,
  refs: readonly AdmissionRef[],
): Promise<(AdmissionRef & { status: Admission })[]> =>
  sql<(AdmissionRef & { status: Admission })[]>`
    SELECT session_id, participant_id, status
    FROM unnest(${plainArray(refs.map(({ sessionId }) => sessionId))}::uuid[],
                ${plainArray(refs.map(({ participantId }) => participantId))}::uuid[]) AS asked (session_id, participant_id)
    JOIN admissions USING (session_id, participant_id)`;

/** Notes guests who have come to the lobby. What was said of them before stands. */
export const insertWaiting = (sql: Sql, refs: readonly AdmissionRef[]): Fragment => sql`
    INSERT INTO admissions (session_id, participant_id, status)
    SELECT session_id, participant_id, 'waiting'
    FROM unnest(${plainArray(refs.map(({ sessionId }) => sessionId))}::uuid[],
                ${plainArray(refs.map(({ participantId }) => participantId))}::uuid[]) AS n (session_id, participant_id)
    ON CONFLICT (session_id, participant_id) DO NOTHING`;

/** Admits or removes somebody, whatever was said of them before. */
export const upsertAdmission = async (
  sql: Sql,
  { sessionId, participantId, status }: AdmissionRef & { status: Admission },
): Promise<void> => {
  await sql`
    INSERT INTO admissions (session_id, participant_id, status) VALUES (${sessionId}, ${participantId}, ${status})
    ON CONFLICT (session_id, participant_id) DO UPDATE SET status = excluded.status, changed_at = now()`;
};

/** Which of these sessions are of a type whose guests wait to be admitted. */
export const listSessionsWithLobby = async (sql: Sql, sessionIds: readonly string[]): Promise<string[]> => {
  const rows = await sql<{ id: string }[]>`
    SELECT s.id FROM sessions s JOIN bookings b ON b.id = s.booking_id JOIN session_types t ON t.id = b.session_type_id
    WHERE s.id = ANY(${plainArray(sessionIds)}::uuid[]) AND t.requires_admission`;
  return rows.map(({ id }) => id);
};
