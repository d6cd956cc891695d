import { listAdmissions } from "../../db/admissions.ts";
import { findNow } from "../../db/client.ts";
import { findSession } from "../../db/sessions.ts";
import { DomainError, forbidden, notFound } from "../../domain/errors.ts";
import type { Principal } from "../../domain/principal.ts";
import { isClosed } from "../../domain/session.ts";
import type { App } from "../app.ts";
import { issueTicket } from "../sessions/join.ts";

/**
 * A new ticket for whoever holds one, for the same participant.
 * @throws DomainError `forbidden` without a ticket, `removed`, `session_closed`
 */
export const renewTicket = async (
  app: App,
  principal: Principal,
): Promise<{ ticket: string; expiresAt: Date }> => {
  if (principal.kind !== "ticket") throw forbidden("Only a ticket is renewed; give a new token instead.");
  const { sessionId, participantId, role, name } = principal;
  const [session, [admission], now] = await Promise.all([
    findSession(app.sql, sessionId),
    listAdmissions(app.sql, [{ sessionId, participantId }]),
    findNow(app.sql),
  ]);
  if (!session) throw notFound("session");
  if (admission?.status === "removed") {
    throw new DomainError("forbidden", "removed", "You were removed from this room.");
  }
  if (isClosed(session.status)) {
    throw new DomainError("conflict", "session_closed", "This session's room is closed.");
  }
  return issueTicket(app, { sessionId, participantId, role, name, now });
};
