import { inTransaction } from "../../db/client.ts";
import type { PresenceEntry } from "../../coordination/presence.ts";
import { listOpenVisits } from "../../db/attendance.ts";
import { listEvents } from "../../db/session-events.ts";
import { findSession, listLastSeqs } from "../../db/sessions.ts";
import { DomainError, notFound } from "../../domain/errors.ts";
import type { Participant, RoomEvent, Visit } from "../../domain/room.ts";
import type { Session } from "../../domain/session.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { requireSession } from "../sessions/read.ts";

/** A room at one moment of its log: applying the events after `seq` to `participants` keeps them true. */
export type RoomSnapshot = {
  session: Session;
  participants: Participant[];
  seq: number;
  events: RoomEvent[];
};

/** More missed events than this are not sent in one acknowledgement: such a client starts from the snapshot. */
const maxCatchUp = 1_000;

/**
 * The room as it stands, read in one snapshot of the database, with the events after `after` where it is given.
 * @returns `recovered` false when more was missed than is sent at once: then `events` is empty
 * @throws DomainError `not_found`; `invalid_request` for an `after` beyond the log
 */
export const readRoom = async (
  app: App,
  { sessionId, after }: { sessionId: string; after?: number | undefined },
): Promise<RoomSnapshot & { recovered: boolean }> => {
  const [session, visits, events] = await inTransaction(
    app.sql,
    (sql) =>
      Promise.all([
        findSession(sql, sessionId),
        listOpenVisits(sql, sessionId),
        after === undefined ? [] : listEvents(sql, sessionId, { after, limit: maxCatchUp + 1 }),
      ]),
    "ISOLATION LEVEL REPEATABLE READ READ ONLY",
  );
  if (!session) throw notFound("session");
  if (after !== undefined && after > session.lastSeq) {
    const message = `is beyond the newest event, ${session.lastSeq}`;
    throw new DomainError("invalid", "invalid_request", `after ${message}`, {
      facts: { errors: [{ path: "after", message }] },
    });
  }
  const recovered = events.length <= maxCatchUp;
  return {
    session,
    participants: merge(visits, await app.presence.read(sessionId)),
    seq: session.lastSeq,
    events: recovered ? [...events] : [],
    recovered,
  };
};

/** Attendance says who is there, presence how they can be reached: one whom presence does not know is awaited. */
const merge = (visits: readonly Visit[], presence: readonly PresenceEntry[]): Participant[] => {
  const byId = new Map(presence.map((entry) => [entry.participantId, entry]));
  return visits.map(({ participantId, role, name, joinedAt }) => {
    const { connections, status } = byId.get(participantId) ?? {
      connections: 0,
      status: "reconnecting" as const,
    };
    return { participantId, role, name, joinedAt, connections, status, state: {} };
  });
};

/**
 * Who is in the session's room.
 * @throws DomainError `not_found`
 */
export const listParticipants = async (
  app: App,
  context: RequestContext,
  sessionId: string,
): Promise<Participant[]> => {
  await requireSession(app, context, { id: sessionId, operation: "session.read" });
  return (await readRoom(app, { sessionId })).participants;
};

/** The newest seq of each of these sessions, in one statement. For the room feed, which asks for nobody. */
export const readLastSeqs = (app: App, sessionIds: readonly string[]): Promise<Map<string, number>> =>
  listLastSeqs(app.sql, sessionIds);

/** The log of a room after a seq. For the room feed, which asks for nobody. */
export const readLog = (
  app: App,
  { sessionId, after, limit }: { sessionId: string; after: number; limit: number },
): Promise<RoomEvent[]> => listEvents(app.sql, sessionId, { after, limit });
