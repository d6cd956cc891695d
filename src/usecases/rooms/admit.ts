import { listAdmissions, upsertAdmission } from "../../db/admissions.ts";
import { findSessionForUpdate } from "../../db/sessions.ts";
import { DomainError, notFound } from "../../domain/errors.ts";
import { isClosed } from "../../domain/session.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { requireSession } from "../sessions/read.ts";
import { transact } from "../transaction.ts";
import type { ModerateInput } from "./remove.ts";

/**
 * Lets somebody in who waits in the lobby, or who was removed. Who waits is in the room a moment later. Again changes
 * nothing.
 * @throws DomainError `not_found` also for somebody who neither waits nor was removed, `forbidden`, `session_closed`
 */
export const admitParticipant = async (
  app: App,
  context: RequestContext,
  input: ModerateInput,
): Promise<{ participantId: string; status: "admitted" }> => {
  const { sessionId, participantId } = input;
  await requireSession(app, context, { id: sessionId, operation: "session.moderate" });
  const admitted = await transact(app, context, async ({ sql }) => {
    const locked = await findSessionForUpdate(sql, sessionId);
    if (!locked) throw notFound("session");
    if (isClosed(locked.session.status)) {
      throw new DomainError("conflict", "session_closed", "This session's room is closed.");
    }
    const known = await listAdmissions(sql, [input]);
    if (known.length === 0) throw notFound("participant");
    await upsertAdmission(sql, { ...input, status: "admitted" });
    return { participantId, status: "admitted" as const };
  });
  app.publisher.publishAdmissionNews(sessionId);
  return admitted;
};
