import { listOpenVisits } from "../../db/attendance.ts";
import { findSession, findSessionForUpdate, updateSessionStatus } from "../../db/sessions.ts";
import { forbidden, notFound } from "../../domain/errors.ts";
import { type Actor, actorOf } from "../../domain/principal.ts";
import { type Session, assertJoinable, nextStatus } from "../../domain/session.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { type Transaction, assertVersion, transact } from "../transaction.ts";
import { requireSession } from "./read.ts";

export type TransitionInput = { id: string; reason?: string | undefined };

/**
 * Starts a scheduled session. A client may do so only while present and once the room is open.
 * @throws DomainError `not_found`, `forbidden`, `invalid_state`, `too_early`, `version_mismatch`
 */
export const startSession = async (
  app: App,
  context: RequestContext,
  input: TransitionInput,
): Promise<Session> => {
  const { standing } = await requireSession(app, context, { id: input.id, operation: "session.start" });
  return transact(app, context, async (transaction) => {
    const { sql } = transaction;
    const locked = await findSessionForUpdate(sql, input.id);
    if (!locked) throw notFound("session");
    const { session, now } = locked;
    assertVersion(context, session.version);
    nextStatus(session.status, "start");
    if (standing === "client") {
      assertJoinable(session, app.config.joinEarlyMinutes, now);
      const present = await listOpenVisits(sql, session.id);
      if (!present.some((visit) => visit.participantId === session.clientId)) {
        throw forbidden("A client starts a session from its room: join it first.");
      }
    }
    await startLocked(transaction, {
      session,
      now,
      actor: actorOf(context.principal),
      reason: input.reason ?? null,
    });
    return (await findSession(sql, session.id)) ?? session;
  });
};

type Start = { session: Session; now: Date; actor: Actor; reason: string | null };

/**
 * Starts a session that the transaction has locked.
 * @throws DomainError `invalid_state`
 */
const startLocked = async (
  transaction: Transaction,
  { session, now, actor, reason }: Start,
): Promise<Session> => {
  const status = nextStatus(session.status, "start");
  const started = await updateSessionStatus(transaction.sql, session.id, { status, at: now, reason });
  await transaction.appendOutbox({ type: "session.started", payload: { sessionId: session.id } });
  return transaction.appendEvents(started, [
    { type: "session:started", actor, data: { session: started, ...(reason === null ? {} : { reason }) } },
  ]);
};
