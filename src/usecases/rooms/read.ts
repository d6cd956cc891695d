import { listOpenVisitsOf } from "../../db/attendance.ts";
import { inTransaction } from "../../db/client.ts";
import { listEvents } from "../../db/session-events.ts";
import { findSession, listLastSeqs, listSessionsById } from "../../db/sessions.ts";
import { notFound, unlessUnavailable } from "../../domain/errors.ts";
import { type RoomState, newcomer } from "../../domain/room/state.ts";
import type { Participant, RoomEvent, Visit } from "../../domain/room.ts";
import type { Session } from "../../domain/session.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { requireSession } from "../sessions/read.ts";

/**
 * Rooms at one moment of their logs, with everybody in them as a newcomer is seen: presence says more. Sessions that do
 * not exist are not among them. For the room feed, which asks for nobody.
 */
export const readRooms = async (app: App, sessionIds: readonly string[]): Promise<Map<string, RoomState>> => {
  const [sessions, visits] = await inTransaction(
    app.sql,
    (sql) => Promise.all([listSessionsById(sql, sessionIds), listOpenVisitsOf(sql, sessionIds)]),
    "ISOLATION LEVEL REPEATABLE READ READ ONLY",
  );
  const byRoom = Map.groupBy(visits, ({ sessionId }) => sessionId);
  return new Map(
    sessions.map((session) => {
      const people = (byRoom.get(session.id) ?? []).map(
        (visit) => [visit.participantId, participantOf(visit, newcomer)] as const,
      );
      return [session.id, { seq: session.lastSeq, session, participants: new Map(people) }];
    }),
  );
};

const participantOf = (
  { participantId, role, name, joinedAt }: Visit,
  { connections, status, state }: Pick<Participant, "connections" | "status" | "state">,
): Participant => ({ participantId, role, name, joinedAt, connections, status, state });

/** How a person is seen whom presence does not know: they are awaited. */
export const missing = { connections: 0, status: "reconnecting", state: {} } as const;

/**
 * Who is in the session's room: the attendance says who, presence how they can be reached. While nobody can tell,
 * everybody is taken to be connected: presence that is lost is not absence.
 * @throws DomainError `not_found`
 */
export const listParticipants = async (
  app: App,
  context: RequestContext,
  sessionId: string,
): Promise<Participant[]> => {
  await requireSession(app, context, { id: sessionId, operation: "session.read" });
  const presence = await app.presence.read(sessionId).catch(unlessUnavailable);
  const byId = new Map(presence?.map((entry) => [entry.participantId, entry]));
  const visits = await listOpenVisitsOf(app.sql, [sessionId]);
  const otherwise = presence ? missing : newcomer;
  return visits.map((visit) => participantOf(visit, byId.get(visit.participantId) ?? otherwise));
};

/** The session whose room somebody asks about. @throws DomainError `not_found` */
export const requireRoom = async (app: App, sessionId: string): Promise<Session> => {
  const session = await findSession(app.sql, sessionId);
  if (!session) throw notFound("session");
  return session;
};

/** The newest seq of each of these sessions, in one statement. For the room feed, which asks for nobody. */
export const readLastSeqs = (app: App, sessionIds: readonly string[]): Promise<Map<string, number>> =>
  listLastSeqs(app.sql, sessionIds);

/** The log of a room after a seq. For the room feed, which asks for nobody. */
export const readLog = (
  app: App,
  { sessionId, after, limit }: { sessionId: string; after: number; limit: number },
): Promise<RoomEvent[]> => listEvents(app.sql, sessionId, { after, limit });
