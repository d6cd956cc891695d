import { DomainError, unlessUnavailable } from "../../domain/errors.ts";
import type { JoinResult } from "../../domain/room/join.ts";
import type { Person } from "../../domain/room/request.ts";
import type { PresenceStatus } from "../../domain/room.ts";
import type { PersonState } from "../../coordination/presence.ts";
import type { Session } from "../../domain/session.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { personOf } from "./participant.ts";

export type JoinRoomInput = {
  /** Its id, coach and client, which never change, say who may come. */
  session: Pick<Session, "id" | "coachId" | "clientId">;
  connectionId: string;
  /** What the person shows, where presence has forgotten it. */
  state?: PersonState;
};

/**
 * `presence` is how many connections the person has now, and how they stood before this one (null: not in the room); it
 * is null itself when presence could not be told, and has to be told later.
 */
export type JoinedRoom = {
  person: Person;
  presence: { connections: number; before: PresenceStatus | null } | null;
} & JoinResult;

/**
 * Brings a connection into the room of a session. A person's first one opens a visit and tells the room; with
 * coach and client both there, a scheduled session may start by itself.
 *
 * Presence comes first and the visit second, under the session's lock: a leave that runs at the same time either
 * sees this connection and stays its hand, or has closed the visit before this opens another. Whoever calls takes the
 * connection out of presence again when this throws, or says that they wait.
 * @throws DomainError `not_found`, `forbidden`, `removed`, `too_early`, `session_closed`, `room_full`, `rate_limited`
 */
export const joinRoom = async (
  app: App,
  context: RequestContext,
  { session, connectionId, state }: JoinRoomInput,
): Promise<JoinedRoom> => {
  const person = await personOf(app.sql, context.principal, session);
  const connection = { sessionId: session.id, participantId: person.participantId, connectionId };
  const presence = await app.presence.connect(connection, state).catch(unlessUnavailable);
  if (presence && presence.connections > app.config.connectionsPerPerson) {
    throw new DomainError(
      "rate_limited",
      "rate_limited",
      `A person may have ${app.config.connectionsPerPerson} connections: close one first.`,
      { facts: { retryAfterMs: 10_000 } },
    );
  }
  const result = (await app.rooms.run(session.id, {
    sessionId: session.id,
    requestId: context.requestId,
    request: { kind: "join", person },
  })) as JoinResult;
  return { person, presence, ...result };
};
