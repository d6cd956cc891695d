import type { LeaveReason, Visit } from "../domain/room.ts";
import type { Sql } from "./client.ts";

const visitColumns = (sql: Sql) =>
  sql`session_id, participant_id, role, name, joined_at, left_at, left_reason`;

export type NewVisit = Pick<Visit, "sessionId" | "participantId" | "role" | "name" | "joinedAt"> & {
  id: string;
};

/**
 * Opens a visit.
 * @returns false, and nothing is written, when the person is in the room already
 */
export const insertVisit = async (sql: Sql, visit: NewVisit): Promise<boolean> => {
  const rows = await sql`
    INSERT INTO attendance (id, session_id, participant_id, role, name, joined_at)
    VALUES (${visit.id}, ${visit.sessionId}, ${visit.participantId}, ${visit.role}, ${visit.name}, ${visit.joinedAt})
    ON CONFLICT (session_id, participant_id) WHERE left_at IS NULL DO NOTHING
    RETURNING id`;
  return rows.length === 1;
};

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

/** The people who are in the room, in the order in which they came. */
export const listOpenVisits = (sql: Sql, sessionId: string): Promise<Visit[]> =>
  sql<Visit[]>`
    SELECT ${visitColumns(sql)} FROM attendance
    WHERE session_id = ${sessionId} AND left_at IS NULL ORDER BY joined_at, id`;

/** Every visit to the room, in the order in which they began. */
export const listVisits = (sql: Sql, sessionId: string): Promise<Visit[]> =>
  sql<Visit[]>`
    SELECT ${visitColumns(sql)} FROM attendance WHERE session_id = ${sessionId} ORDER BY joined_at, id`;

/** Everybody who is in any room. */
export const listAllOpenVisits = (sql: Sql): Promise<{ sessionId: string; participantId: string }[]> =>
  sql<{ sessionId: string; participantId: string }[]>`
    SELECT session_id, participant_id FROM attendance WHERE left_at IS NULL`;
