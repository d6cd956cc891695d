import { findSessionForUpdate, updateSessionOutcome } from "../../db/sessions.ts";
import { notFound } from "../../domain/errors.ts";
import { actorOf } from "../../domain/principal.ts";
import { type Absent, type Outcome, type Session, assertCorrectable } from "../../domain/session.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { assertVersion, transact } from "../transaction.ts";
import { requireSession } from "./read.ts";

export type CorrectInput = {
  id: string;
  outcome: Outcome;
  /** Who did not come, where that is the outcome. */
  absent?: Absent | undefined;
  reason: string;
};

/**
 * Corrects the outcome of a closed session to the other one, within 7 days. Why it ended stays
 * as it was; why it was corrected stands in the room's log, and in the summary, which is written anew.
 * @throws DomainError `not_found`, `forbidden`, `invalid_state`, `too_late`, `version_mismatch`
 */
export const correctSession = async (
  app: App,
  context: RequestContext,
  { id, outcome, absent, reason }: CorrectInput,
): Promise<Session> => {
  await requireSession(app, context, { id, operation: "session.correct" });
  return transact(app, context, async (transaction) => {
    const locked = await findSessionForUpdate(transaction.sql, id);
    if (!locked) throw notFound("session");
    assertVersion(context, locked.session.version);
    const from = assertCorrectable(locked.session, outcome, locked.now);
    const corrected = await updateSessionOutcome(transaction.sql, id, {
      outcome,
      absent: outcome === "no_show" ? (absent ?? "both") : null,
    });
    const actor = actorOf(context.principal);
    await transaction.appendOutbox({ type: "session.corrected", payload: { sessionId: id } });
    return transaction.appendEvents(corrected, [
      { type: "session:corrected", actor, data: { session: corrected, from, by: actor, reason } },
    ]);
  });
};
