import { listAdmissions, listSessionsWithLobby } from "../../db/admissions.ts";
import { listOpenVisitsOf, listPresent } from "../../db/attendance.ts";
import { type Sql, findNow } from "../../db/client.ts";
import { listMessages } from "../../db/session-events.ts";
import { listSessionRowsForUpdate } from "../../db/sessions.ts";
import { type LockedRoom, messageKey } from "../../domain/room/request.ts";
import type { RoomJob } from "./job.ts";

/**
 * Locks the rooms that these jobs are about and reads what they ask for, in one flight: each statement sees what was
 * committed when the locks were had. A session that does not exist has no room among them.
 */
export const readLockedRooms = async (
  sql: Sql,
  jobs: readonly RoomJob[],
): Promise<Map<string, LockedRoom>> => {
  const joins = jobs.filter(({ request }) => request.kind === "join");
  const joined = [...new Set(joins.map(({ sessionId }) => sessionId))];
  const guests = joins.filter(({ request }) => request.person.role === "guest");
  const speakers = jobs.flatMap(({ sessionId, request }) =>
    request.kind === "message"
      ? [{ sessionId, participantId: request.person.participantId, clientMessageId: request.clientMessageId }]
      : [],
  );
  const [rows, now, visits, present, messages, admissions, withLobby] = await Promise.all([
    listSessionRowsForUpdate(sql, [...new Set(jobs.map(({ sessionId }) => sessionId))]),
    findNow(sql),
    joined.length > 0 ? listOpenVisitsOf(sql, joined) : [],
    speakers.length > 0 ? listPresent(sql, speakers) : [],
    speakers.length > 0 ? listMessages(sql, speakers) : [],
    joins.length > 0 ? listAdmissions(sql, joins.map(personAt)) : [],
    guests.length > 0 ? listSessionsWithLobby(sql, [...new Set(guests.map(sessionOf))]) : ([] as string[]),
  ]);
  const rooms = new Map<string, LockedRoom>();
  for (const row of rows) {
    rooms.set(row.id, {
      session: { ...row, participantCount: 0 },
      now,
      requiresAdmission: withLobby.includes(row.id),
      present: new Map(),
      admissions: new Map(),
      messages: new Map(),
    });
  }
  for (const { sessionId, participantId, role } of [...visits, ...present])
    rooms.get(sessionId)?.present.set(participantId, role);
  for (const { sessionId, participantId, status } of admissions)
    rooms.get(sessionId)?.admissions.set(participantId, status);
  for (const { sessionId, participantId, clientMessageId, seq, messageId } of messages)
    rooms.get(sessionId)?.messages.set(messageKey(participantId, clientMessageId), { seq, messageId });
  return rooms;
};

const sessionOf = ({ sessionId }: RoomJob): string => sessionId;
const personAt = ({ sessionId, request }: RoomJob) => ({
  sessionId,
  participantId: request.person.participantId,
});
