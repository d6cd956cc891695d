import { findSession, findSessionForUpdate } from "../../db/sessions.ts";
import { notFound } from "../../domain/errors.ts";
import { actorOf } from "../../domain/principal.ts";
import type { Session } from "../../domain/session.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { assertVersion, transact } from "../transaction.ts";
import { closeRoom } from "./close.ts";
import { requireSession } from "./read.ts";
import type { TransitionInput } from "./start.ts";

/**
 * Ends a session in progress: it is completed, everybody leaves, and its summary is on its way.
 * @throws DomainError `not_found`, `forbidden`, `invalid_state`, `version_mismatch`
 */
export const endSession = async (
  app: App,
  context: RequestContext,
  input: TransitionInput,
): Promise<Session> => {
  await requireSession(app, context, { id: input.id, operation: "session.end" });
  const ended = await transact(app, context, async (transaction) => {
    const locked = await findSessionForUpdate(transaction.sql, input.id);
    if (!locked) throw notFound("session");
    assertVersion(context, locked.session.version);
    await closeRoom(transaction, {
      session: locked.session,
      at: locked.now,
      actor: actorOf(context.principal),
      transition: "end",
      reason: input.reason ?? null,
    });
    return (await findSession(transaction.sql, input.id)) ?? locked.session;
  });
  // What presence still knows of the room is stale now; were this to fail, the grace of each person would end it.
  await app.presence.clear(ended.id).catch(() => {});
  return ended;
};
