import type { Awaited, PersonState } from "../../coordination/presence.ts";
import { forbidden } from "../../domain/errors.ts";
import type { App } from "../app.ts";

/**
 * Replaces what a person shows the room, and tells the nodes. Kept by presence, not in the log.
 * @throws DomainError `forbidden` for one who is not in the room, `unavailable` while presence cannot be told
 */
export const updateState = async (
  app: App,
  { sessionId, participantId }: Awaited,
  state: PersonState,
): Promise<void> => {
  if (!(await app.presence.update(sessionId, participantId, state))) throw forbidden("Join the room first.");
  app.publisher.publishPresenceNews(sessionId);
};
