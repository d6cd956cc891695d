import { listSessions as listSessionRows } from "../../db/sessions.ts";
import { forbidden } from "../../domain/errors.ts";
import type { Session } from "../../domain/session.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { type Page, fetchPage } from "../paging.ts";
import { type ScheduleQuery, visibleSchedule } from "../schedule.ts";

/** The sessions that the caller may see: all for admins and keys, their own for coaches and clients. */
export const listSessions = async (
  app: App,
  { principal }: RequestContext,
  query: ScheduleQuery,
): Promise<Page<Session>> => {
  const filter = await visibleSchedule(app, principal, query);
  if (!filter) return { data: [], nextCursor: null };
  return fetchPage(query, (request) => listSessionRows(app.sql, filter, request));
};

/**
 * The sessions of the person who asks. `as` chooses a side; a person of the other side has none there.
 * @throws DomainError `forbidden` for keys and admins, who are nobody's coach or client
 */
export const listMySessions = async (
  app: App,
  context: RequestContext,
  query: ScheduleQuery & { as?: "coach" | "client" | undefined },
): Promise<Page<Session>> => {
  const { principal } = context;
  if (principal.kind !== "user" || principal.role === "admin") {
    throw forbidden("This lists the sessions of a coach or a client; with a key, use /v1/sessions.");
  }
  if (query.as !== undefined && query.as !== principal.role) return { data: [], nextCursor: null };
  return listSessions(app, context, query);
};
