import { insertVisit, listOpenVisits } from "../../db/attendance.ts";
import { findSession, findSessionForUpdate } from "../../db/sessions.ts";
import { DomainError, notFound } from "../../domain/errors.ts";
import { systemActor } from "../../domain/principal.ts";
import type { PresenceStatus } from "../../domain/room.ts";
import { assertJoinable, startsByItself } from "../../domain/session.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { startLocked } from "../sessions/start.ts";
import { type Transaction, transact } from "../transaction.ts";
import { type Person, actorOfPerson, personOf } from "./participant.ts";

export type JoinRoomInput = { sessionId: string; connectionId: string };

/** `before` is how the person stood before this connection; null when they were not in the room. */
export type JoinedRoom = Person & { connections: number; before: PresenceStatus | null };

/**
 * Brings a connection into the room of a session. A person's first one opens a visit and tells the room; with
 * coach and client both there, a scheduled session may start by itself.
 *
 * Presence comes first and the visit second, under the session's lock: a leave that runs at the same time either
 * sees this connection and stays its hand, or has closed the visit before this opens another.
 * @throws DomainError `not_found`, `forbidden`, `too_early`, `session_closed`, `room_full`
 */
export const joinRoom = async (
  app: App,
  context: RequestContext,
  input: JoinRoomInput,
): Promise<JoinedRoom> => {
  const session = await findSession(app.sql, input.sessionId);
  if (!session) throw notFound("session");
  const person = await personOf(app.sql, context.principal, session);
  const connection = { ...input, participantId: person.participantId };
  const presence = await app.presence.connect(connection);
  try {
    await transact(app, context, (transaction) =>
      openVisit(app, transaction, { person, sessionId: session.id }),
    );
  } catch (error) {
    await app.presence.disconnect(connection, app.config.leaveGraceSeconds * 1000).catch(() => {});
    throw error;
  }
  return { ...person, ...presence };
};

const openVisit = async (
  app: App,
  transaction: Transaction,
  { person, sessionId }: { person: Person; sessionId: string },
): Promise<void> => {
  const { sql } = transaction;
  const locked = await findSessionForUpdate(sql, sessionId);
  if (!locked) throw notFound("session");
  const { session, now } = locked;
  assertJoinable(session, app.config.joinEarlyMinutes, now);
  const present = await listOpenVisits(sql, session.id);
  if (present.some((visit) => visit.participantId === person.participantId)) return;
  if (present.length >= app.config.roomCapacity) {
    throw new DomainError("conflict", "room_full", `This room holds ${app.config.roomCapacity} people.`);
  }
  await insertVisit(sql, { id: app.newId(), sessionId: session.id, ...person, joinedAt: now });
  const joined = await transaction.appendEvents(session, [
    { type: "participant:joined", actor: actorOfPerson(person), data: { ...person, joinedAt: now } },
  ]);
  await transaction.appendOutbox({
    type: "participant.joined",
    payload: { sessionId: session.id, participantId: person.participantId },
  });
  const roles = [...present.map((visit) => visit.role), person.role];
  if (startsByItself(joined, roles, app.config.autoStart)) {
    await startLocked(transaction, { session: joined, now, actor: systemActor, reason: "both_present" });
  }
};
