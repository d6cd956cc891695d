import { listAdmissions, upsertAdmission } from "../../db/admissions.ts";
import { listVisits, updateVisitsLeft } from "../../db/attendance.ts";
import { findSessionForUpdate } from "../../db/sessions.ts";
import { DomainError, notFound } from "../../domain/errors.ts";
import { actorOf } from "../../domain/principal.ts";
import { isClosed } from "../../domain/session.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { requireSession } from "../sessions/read.ts";
import { type Transaction, transact } from "../transaction.ts";

export type ModerateInput = { sessionId: string; participantId: string };

/**
 * Sends somebody out of a room and bars them, whatever credential they come back with, until they are admitted. The
 * nodes close the door on their connections as they read the event. Again changes nothing.
 * @throws DomainError `not_found` also for somebody who never came, `forbidden`, `session_closed`
 */
export const removeParticipant = async (
  app: App,
  context: RequestContext,
  input: ModerateInput,
): Promise<void> => {
  await requireSession(app, context, { id: input.sessionId, operation: "session.moderate" });
  await transact(app, context, (transaction) => removeLocked(transaction, context, input));
  app.publisher.publishAdmissionNews(input.sessionId);
};

const removeLocked = async (
  transaction: Transaction,
  context: RequestContext,
  { sessionId, participantId }: ModerateInput,
): Promise<void> => {
  const { sql } = transaction;
  const locked = await findSessionForUpdate(sql, sessionId);
  if (!locked) throw notFound("session");
  const { session, now } = locked;
  if (isClosed(session.status)) {
    throw new DomainError("conflict", "session_closed", "This session's room is closed.");
  }
  const [admissions, visits] = await Promise.all([
    listAdmissions(sql, [{ sessionId, participantId }]),
    listVisits(sql, sessionId),
  ]);
  const isKnown =
    admissions.length > 0 ||
    [session.coachId, session.clientId].includes(participantId) ||
    visits.some((visit) => visit.participantId === participantId);
  if (!isKnown) throw notFound("participant");
  await upsertAdmission(sql, { sessionId, participantId, status: "removed" });
  const [visit] = await updateVisitsLeft(sql, { sessionId, participantId, leftAt: now, reason: "removed" });
  if (!visit) return;
  const actor = actorOf(context.principal);
  await transaction.appendEvents(session, [
    { type: "participant:removed", actor, data: { participantId, by: actor } },
    { type: "participant:left", actor, data: { participantId, reason: "removed", leftAt: now } },
  ]);
  await transaction.appendOutbox({ type: "participant.left", payload: { sessionId, participantId } });
};
