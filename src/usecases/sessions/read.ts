import { findSession } from "../../db/sessions.ts";
import { type Operation, type Standing, authorise, ownersOf } from "../../domain/access.ts";
import { notFound } from "../../domain/errors.ts";
import type { Session } from "../../domain/session.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";

/** @throws DomainError `not_found`, also for somebody else's session */
export const readSession = async (app: App, context: RequestContext, id: string): Promise<Session> =>
  (await requireSession(app, context, { id, operation: "session.read" })).session;

/**
 * The session, and what the caller is to it.
 * @throws DomainError `not_found`, also for somebody else's session; `forbidden` when the operation is not theirs
 */
export const requireSession = async (
  app: App,
  { principal }: Pick<RequestContext, "principal">,
  { id, operation }: { id: string; operation: Operation },
): Promise<{ session: Session; standing: Standing }> => {
  const session = await findSession(app.sql, id);
  if (!session) throw notFound("session");
  const owners = { ...ownersOf(session), sessionId: session.id };
  return { session, standing: authorise(principal, operation, { what: "session", owners }) };
};
