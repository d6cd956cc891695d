import type { RoomConnection } from "../../coordination/presence.ts";
import type { App } from "../app.ts";

/**
 * Takes a connection that was lost out of its room. A person's last one leaves them `reconnecting` for the grace.
 * @returns how many connections they have left, or null when this one was not there any more
 */
export const disconnectFromRoom = async (app: App, connection: RoomConnection): Promise<number | null> => {
  const { connections, changed } = await app.presence.disconnect(
    connection,
    app.config.leaveGraceSeconds * 1000,
  );
  return changed ? connections : null;
};
