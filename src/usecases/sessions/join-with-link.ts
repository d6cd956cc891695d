import { findNow } from "../../db/client.ts";
import { findSession } from "../../db/sessions.ts";
import { forbidden, notFound } from "../../domain/errors.ts";
import { assertJoinable } from "../../domain/session.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { transact } from "../transaction.ts";
import { type JoinResult, issueTicket } from "./join.ts";

/**
 * A ticket for whoever came with a join link, as `joinSession` gives to those who sign in.
 * @throws DomainError `forbidden` for anybody else, `session_closed`, `too_early`
 */
export const joinWithLink = async (app: App, context: RequestContext): Promise<JoinResult> => {
  const { principal } = context;
  if (principal.kind !== "ticket") throw forbidden("This is for join links.");
  const { sessionId, participantId, role, name } = principal;
  return transact(app, context, async ({ sql }) => {
    const [session, now] = await Promise.all([findSession(sql, sessionId), findNow(sql)]);
    if (!session) throw notFound("session");
    assertJoinable(session, app.config.joinEarlyMinutes, now);
    const { ticket, expiresAt } = await issueTicket(app, { sessionId, participantId, role, name, now });
    return { ticket, expiresAt, url: `${app.publicUrl()}/live`, session };
  });
};
