import { listEvents } from "../../db/session-events.ts";
import type { RoomEvent } from "../../domain/room.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { requireSession } from "./read.ts";

/**
 * The session's durable events after a seq, in seq order, at most `limit`.
 * @throws DomainError `not_found`
 */
export const listSessionEvents = async (
  app: App,
  context: RequestContext,
  input: { id: string; after: number; limit: number },
): Promise<RoomEvent[]> => {
  await requireSession(app, context, { id: input.id, operation: "session.read" });
  return listEvents(app.sql, input.id, input);
};
