import { listVisits } from "../../db/attendance.ts";
import type { Visit } from "../../domain/room.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { requireSession } from "./read.ts";

/**
 * Every visit to the session's room, in the order in which they began.
 * @throws DomainError `not_found`
 */
export const readAttendance = async (
  app: App,
  context: RequestContext,
  sessionId: string,
): Promise<Visit[]> => {
  await requireSession(app, context, { id: sessionId, operation: "session.read" });
  return listVisits(app.sql, sessionId);
};
