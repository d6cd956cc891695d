import { listOpenVisits } from "../../db/attendance.ts";
import { findMessage } from "../../db/session-events.ts";
import { findSession, findSessionForUpdate } from "../../db/sessions.ts";
import { DomainError, forbidden, notFound } from "../../domain/errors.ts";
import { isClosed } from "../../domain/session.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { type Transaction, transact } from "../transaction.ts";
import { type Person, actorOfPerson, personOf } from "./participant.ts";

export type PostMessageInput = { sessionId: string; text: string; clientMessageId: string };

/** Where the message stands in the room's log, and its id. */
export type PostedMessage = { seq: number; messageId: string };

/**
 * Posts a message to a room. A repeated `clientMessageId` of the same person gives the first result.
 * @throws DomainError `not_found`, `forbidden` for one who is not in the room or only observes, `session_closed`
 */
export const postMessage = async (
  app: App,
  context: RequestContext,
  input: PostMessageInput,
): Promise<PostedMessage> => {
  const session = await findSession(app.sql, input.sessionId);
  if (!session) throw notFound("session");
  const person = await personOf(app.sql, context.principal, session);
  if (person.role === "observer") throw forbidden("Observers watch; they send nothing.");
  return transact(app, context, (transaction) => postLocked(app, transaction, { person, input }));
};

const postLocked = async (
  app: App,
  transaction: Transaction,
  { person, input }: { person: Person; input: PostMessageInput },
): Promise<PostedMessage> => {
  const { sql } = transaction;
  const { sessionId, text, clientMessageId } = input;
  const { participantId, name } = person;
  const locked = await findSessionForUpdate(sql, sessionId);
  if (!locked) throw notFound("session");
  const earlier = await findMessage(sql, { sessionId, participantId, clientMessageId });
  if (earlier) return { seq: earlier.seq, messageId: (earlier.data as { messageId: string }).messageId };
  if (isClosed(locked.session.status)) {
    throw new DomainError("conflict", "session_closed", "This session's room is closed.");
  }
  const present = await listOpenVisits(sql, sessionId);
  if (!present.some((visit) => visit.participantId === participantId)) {
    throw forbidden("Join the room before you speak in it.");
  }
  const messageId = app.newId();
  const { lastSeq } = await transaction.appendEvents(locked.session, [
    {
      type: "message:posted",
      actor: actorOfPerson(person),
      data: { messageId, participantId, name, text, clientMessageId },
    },
  ]);
  return { seq: lastSeq, messageId };
};
