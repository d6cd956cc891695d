import { listAdmissions, listSessionsWithLobby } from "../../db/admissions.ts";
import { listOpenVisitsOf, listPresent } from "../../db/attendance.ts";
import { type Sql, findNow } from "../../db/client.ts";
import { listMessages } from "../../db/session-events.ts";
import { listSessionRowsForUpdate } from "../../db/sessions.ts";
import { type LockedRoom, messageKey } from "../../domain/room/request.ts";
import type { RoomJob } from "./job.ts";

/**
 * Locks the rooms that these jobs are about and reads what they ask for, in one flight: each statement sees what was
 * committed when the locks were had. A session that does not exist has no room among them. Messages that were posted
 * before are not looked for: see {@link readPosted}.
 */
export const readLockedRooms = async (
  sql: Sql,
  jobs: readonly RoomJob[],
): Promise<Map<string, LockedRoom>> => {
  const joins = jobs.filter(({ request }) => request.kind === "join");
  const joined = [...new Set(joins.map(sessionOf))];
  const guests = joins.filter(({ request }) => request.person.role === "guest");
  const speakers = jobs.filter(({ request }) => request.kind === "message");
  const [rows, now, visits, present, admissions, withLobby] = await Promise.all([
    listSessionRowsForUpdate(sql, [...new Set(jobs.map(sessionOf))]),
    findNow(sql),
    joined.length > 0 ? listOpenVisitsOf(sql, joined) : [],
    speakers.length > 0 ? listPresent(sql, speakers.map(personAt)) : [],
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
  return rooms;
};

/** Reads into locked rooms which of these messages were posted before. */
export const readPosted = async (
  sql: Sql,
  rooms: ReadonlyMap<string, LockedRoom>,
  jobs: readonly RoomJob[],
): Promise<void> => {
  const refs = jobs.flatMap(({ sessionId, request }) =>
    request.kind === "message"
      ? [{ sessionId, participantId: request.person.participantId, clientMessageId: request.clientMessageId }]
      : [],
  );
  for (const { sessionId, participantId, clientMessageId, ...posted } of await listMessages(sql, refs))
    rooms.get(sessionId)?.messages.set(messageKey(participantId, clientMessageId), posted);
};

const sessionOf = ({ sessionId }: RoomJob): string => sessionId;
const personAt = ({ sessionId, request }: RoomJob) => ({
  sessionId,
  participantId: request.person.participantId,
});
