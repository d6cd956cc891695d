import { findSession, findSessionForUpdate } from "../../db/sessions.ts";
import { notFound } from "../../domain/errors.ts";
import { actorOf } from "../../domain/principal.ts";
import { type Absent, type Session, assertBegun, nextStatus } from "../../domain/session.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { assertVersion, transact } from "../transaction.ts";
import { closeRoom } from "./close.ts";
import { requireSession } from "./read.ts";

/**
 * Closes a session to which somebody did not come, from its start on: whoever is in the room leaves.
 * @throws DomainError `not_found`, `forbidden`, `invalid_state`, `too_early`, `version_mismatch`
 */
export const markNoShow = async (
  app: App,
  context: RequestContext,
  { id, absent }: { id: string; absent: Absent },
): Promise<Session> => {
  await requireSession(app, context, { id, operation: "session.no_show" });
  const closed = await transact(app, context, async (transaction) => {
    const locked = await findSessionForUpdate(transaction.sql, id);
    if (!locked) throw notFound("session");
    const { session, now } = locked;
    assertVersion(context, session.version);
    nextStatus(session.status, "no_show");
    assertBegun(session, now);
    await closeRoom(transaction, {
      session,
      at: now,
      actor: actorOf(context.principal),
      transition: "no_show",
      absent,
      reason: null,
    });
    return (await findSession(transaction.sql, id)) ?? session;
  });
  // What presence still knows of the room is stale now; were this to fail, the grace of each person would end it.
  await app.presence.clear(id).catch(() => {});
  return closed;
};
