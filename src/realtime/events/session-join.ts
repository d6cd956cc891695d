import { z } from "zod";
import { DomainError } from "../../domain/errors.ts";
import { isClosed } from "../../domain/session.ts";
import { joinRoom } from "../../usecases/rooms/join.ts";
import { readRoom } from "../../usecases/rooms/read.ts";
import { type Membership, roomOf } from "../connection.ts";
import { type Outcome, type Scope, defineEvent, sessionId } from "./define-event.ts";

const payload = z.strictObject({ sessionId, after: z.int().min(0).max(2_147_483_647).optional() });

/** A snapshot that the feed has moved on from is read again; more than once only under a storm of events. */
const snapshotTries = 5;

/**
 * Brings this connection into the room of a session and answers with the room as it stands; every event after the
 * answer's `seq` follows in order. With `after`, the answer carries the events since.
 */
export const sessionJoin = defineEvent("session:join", payload, async (scope, input) => {
  const { app, connection, context, feed, namespace } = scope;
  const joined = await joinRoom(app, context, { sessionId: input.sessionId, connectionId: connection.id });
  const { participantId, connections } = joined;
  const membership = { sessionId: input.sessionId, participantId, closed: false };
  connection.memberships.set(input.sessionId, membership);
  await connection.socket.join(roomOf(input.sessionId));
  if (joined.before !== null) {
    namespace.to(roomOf(input.sessionId)).except(connection.id).emit("presence:changed", {
      sessionId: input.sessionId,
      participantId,
      status: "connected",
      connections,
    });
  }
  // On a connection that was in the room: it starts anew from the snapshot, and gets nothing twice.
  feed.unsubscribe(input.sessionId, connection.id);
  const release = await feed.hold(input.sessionId);
  try {
    return await followFromSnapshot(scope, { ...input, membership });
  } finally {
    // After the subscription, which keeps the room by itself.
    setImmediate(release);
  }
});

const followFromSnapshot = async (
  { app, connection, feed }: Scope,
  input: { sessionId: string; after?: number | undefined; membership: Membership },
): Promise<Outcome> => {
  for (let tries = 0; tries < snapshotTries; tries++) {
    const { session, participants, seq, events, recovered } = await readRoom(app, input);
    if (!feed.covers(input.sessionId, seq)) continue;
    // It may have closed before this node followed it: then nobody else here will say so.
    input.membership.closed = isClosed(session.status);
    const self =
      participants.find((participant) => participant.participantId === input.membership.participantId) ??
      null;
    return {
      answer: { session, self, participants, seq, recovered, events },
      afterwards: () =>
        feed.subscribe(
          input.sessionId,
          { id: connection.id, send: (event) => connection.socket.emit(event.type, event) },
          seq,
        ),
    };
  }
  throw new DomainError("unavailable", "unavailable", "The room is too busy to be joined at this moment.", {
    facts: { retryAfterMs: 500 },
  });
};
