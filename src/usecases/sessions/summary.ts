import { findSummary } from "../../db/summaries.ts";
import { DomainError, notFound } from "../../domain/errors.ts";
import type { Summary } from "../../domain/room.ts";
import { isClosed } from "../../domain/session.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { requireSession } from "./read.ts";

/**
 * The summary of a closed session.
 * @throws DomainError `not_found`; with `retryAfterMs` while there may yet be one
 */
export const readSummary = async (app: App, context: RequestContext, sessionId: string): Promise<Summary> => {
  const { session } = await requireSession(app, context, { id: sessionId, operation: "session.read" });
  const summary = await findSummary(app.sql, sessionId);
  if (summary) return summary;
  if (session.status === "cancelled" && !session.startedAt) throw notFound("summary");
  const retryAfterMs = isClosed(session.status) ? 1_000 : 60_000;
  const detail = isClosed(session.status)
    ? "The summary is being written."
    : `The summary is written when the session closes; it is ${session.status}.`;
  throw new DomainError("not_found", "not_found", detail, { facts: { retryAfterMs } });
};
