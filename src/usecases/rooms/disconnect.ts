import type { RoomConnection } from "../../coordination/presence.ts";
import type { App } from "../app.ts";

/**
 * How much longer somebody is awaited who means to leave: their leave follows at once, or when presence can judge again,
 * and must not be taken for a loss meanwhile.
 */
const leavingMs = 15_000;

/**
 * Takes a connection out of its room, and tells the nodes. A person's last one leaves them `reconnecting` for the grace.
 * @returns how many connections they have left, or null when this one was not there any more
 */
export const disconnectFromRoom = async (
  app: App,
  connection: RoomConnection,
  { isLeaving = false } = {},
): Promise<number | null> => {
  const graceMs = app.config.leaveGraceSeconds * 1000 + (isLeaving ? leavingMs : 0);
  const { connections, changed } = await app.presence.disconnect(connection, graceMs);
  if (!changed) return null;
  app.publisher.publishPresenceNews(connection.sessionId);
  return connections;
};
