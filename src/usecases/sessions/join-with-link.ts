import { findSession } from "../../db/sessions.ts";
import { notFound } from "../../domain/errors.ts";
import { assertJoinable } from "../../domain/session.ts";
import type { App } from "../app.ts";
import { openJoinLink } from "../access/join-links.ts";
import { type JoinResult, issueTicket } from "./join.ts";

/**
 * A ticket for whoever holds a join link, as `joinSession` gives to those who sign in.
 * @throws DomainError as `openJoinLink` does; `too_early`
 */
export const joinWithLink = async (app: App, token: string): Promise<JoinResult> => {
  const { facts, role, participantId, name } = await openJoinLink(app, token);
  const session = await findSession(app.sql, facts.sessionId);
  if (!session) throw notFound("session");
  assertJoinable(session, app.config.joinEarlyMinutes, facts.now);
  const whose = { sessionId: session.id, participantId, role, name, now: facts.now };
  const { ticket, expiresAt } = await issueTicket(app, whose);
  return { ticket, expiresAt, url: `${app.publicUrl()}/live`, session };
};
