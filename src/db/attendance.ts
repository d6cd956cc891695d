import type { LeaveReason, Visit } from "../domain/room.ts";
import { type Fragment, plainArray, type Sql } from "./client.ts";

const visitColumns = (sql: Sql) =>
  sql`session_id, participant_id, role, name, joined_at, left_at, left_reason`;

export type NewVisit = Omit<Visit, "leftAt" | "leftReason"> & { id: string };

/** Opens visits. Fails with unique violation `attendance_open_visit` for somebody who is in the room already. */
export const insertVisits = (sql: Sql, visits: readonly NewVisit[]): Fragment => sql`
    INSERT INTO attendance (id, session_id, participant_id, role, name, joined_at)
    SELECT id, session_id, participant_id, role, name, joined_at
    FROM unnest(
      ${plainArray(visits.map(({ id }) => id))}::uuid[], ${plainArray(visits.map(({ sessionId }) => sessionId))}::uuid[],
      ${plainArray(visits.map(({ participantId }) => participantId))}::uuid[],
      ${plainArray(visits.map(({ role }) => role))}::text[], ${visits.map(({ name }) => name)}::text[],
      ${plainArray(visits.map(({ joinedAt }) => joinedAt))}::timestamptz[]
    ) AS n (id, session_id, participant_id, role, name, joined_at)`;

export type Leave = { sessionId: string; participantId: string | null; leftAt: Date; reason: LeaveReason };

/**
 * Closes the open visit of a person, or of everybody when `participantId` is null.
 * @returns the visits that were closed, in the order in which they had begun
 */
export const updateVisitsLeft = async (sql: Sql, leave: Leave): Promise<Visit[]> => {
  const rows = await sql<Visit[]>`
    UPDATE attendance SET left_at = greatest(joined_at, ${leave.leftAt}), left_reason = ${leave.reason}
    WHERE session_id = ${leave.sessionId} AND left_at IS NULL
      ${leave.participantId ? sql`AND participant_id = ${leave.participantId}` : sql``}
    RETURNING ${visitColumns(sql)}`;
  return rows.toSorted((a, b) => a.joinedAt.getTime() - b.joinedAt.getTime());
};

/**
 * Dates back the end of visits whose people were let go as lost after a moment. Where all nodes were down nobody saw them
 * go; they were not there once the session was over.
 */
export const updateLostVisits = async (
  sql: Sql,
  { sessionId, leftBy }: { sessionId: string; leftBy: Date },
): Promise<void> => {
  await sql`
    UPDATE attendance SET left_at = greatest(joined_at, ${leftBy})
    WHERE session_id = ${sessionId} AND left_reason = 'lost' AND left_at > ${leftBy}`;
};

/** The people who are in the room, in the order in which they came. */
export const listOpenVisits = (sql: Sql, sessionId: string): Promise<Visit[]> =>
  sql<Visit[]>`
    SELECT ${visitColumns(sql)} FROM attendance
    WHERE session_id = ${sessionId} AND left_at IS NULL ORDER BY joined_at, id`;

/** The people who are in these rooms, in the order in which they came. */
export const listOpenVisitsOf = (sql: Sql, sessionIds: readonly string[]): Promise<Visit[]> =>
  sql<Visit[]>`
    SELECT ${visitColumns(sql)} FROM attendance
    WHERE session_id = ANY(${plainArray(sessionIds)}::uuid[]) AND left_at IS NULL ORDER BY joined_at, id`;

/** Which of these people are in the room that they are asked about. */
export const listPresent = (
  sql: Sql,
  asked: readonly Pick<Visit, "sessionId" | "participantId">[],
): Promise<Pick<Visit, "sessionId" | "participantId" | "role">[]> =>
  sql<Pick<Visit, "sessionId" | "participantId" | "role">[]>`
    SELECT a.session_id, a.participant_id, a.role
    FROM unnest(${plainArray(asked.map(({ sessionId }) => sessionId))}::uuid[],
                ${plainArray(asked.map(({ participantId }) => participantId))}::uuid[]) AS n (session_id, participant_id)
    JOIN attendance a ON a.session_id = n.session_id AND a.participant_id = n.participant_id AND a.left_at IS NULL`;

/** One person in one room; `ended`: asked about as somebody who has left. */
export type AskedVisit = Pick<Visit, "sessionId" | "participantId"> & { ended: boolean };

/** The newest visit of each of these people, or the newest that has ended; who was never there is passed over. */
export const listNewestVisits = (
  sql: Sql,
  asked: readonly AskedVisit[],
): Promise<(Visit & { ended: boolean })[]> =>
  sql<(Visit & { ended: boolean })[]>`
    SELECT newest.*, ended
    FROM unnest(${plainArray(asked.map(({ sessionId }) => sessionId))}::uuid[],
                ${plainArray(asked.map(({ participantId }) => participantId))}::uuid[],
                ${plainArray(asked.map(({ ended }) => String(ended)))}::boolean[])
      AS asked (of_session, of_person, ended), LATERAL (
      SELECT ${visitColumns(sql)} FROM attendance
      WHERE session_id = of_session AND participant_id = of_person AND (left_at IS NOT NULL OR NOT ended)
      ORDER BY joined_at DESC, id DESC LIMIT 1
    ) AS newest`;
/** Every visit to these rooms. */
export const listVisitsOf = (sql: Sql, sessionIds: readonly string[]): Promise<Visit[]> =>
  sql<Visit[]>`
    SELECT ${visitColumns(sql)} FROM attendance WHERE session_id = ANY(${plainArray(sessionIds)}::uuid[])`;

/** Every visit to the room, in the order in which they began. */
export const listVisits = (sql: Sql, sessionId: string): Promise<Visit[]> =>
  sql<Visit[]>`
    SELECT ${visitColumns(sql)} FROM attendance WHERE session_id = ${sessionId} ORDER BY joined_at, id`;

/** Everybody who is in any room. */
export const listAllOpenVisits = (sql: Sql): Promise<{ sessionId: string; participantId: string }[]> =>
  sql<{ sessionId: string; participantId: string }[]>`
    SELECT session_id, participant_id FROM attendance WHERE left_at IS NULL`;
