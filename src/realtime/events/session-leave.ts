import { z } from "zod";
import { disconnectFromRoom } from "../../usecases/rooms/disconnect.ts";
import { leaveRoom } from "../../usecases/rooms/leave.ts";
import { roomOf } from "../connection.ts";
import { defineEvent, sessionId } from "./define-event.ts";

/** Takes this connection out of a room; with a person's last one they leave at once. Again changes nothing. */
export const sessionLeave = defineEvent(
  "session:leave",
  z.strictObject({ sessionId }),
  async (scope, input) => {
    const { app, connection, context, feed, namespace } = scope;
    const membership = connection.memberships.get(input.sessionId);
    if (!membership) return { answer: {} };
    const { participantId } = membership;
    const connections = await disconnectFromRoom(app, { ...membership, connectionId: connection.id });
    feed.unsubscribe(input.sessionId, connection.id);
    await connection.socket.leave(roomOf(input.sessionId));
    connection.memberships.delete(input.sessionId);
    if (connections === 0) {
      await leaveRoom(app, { ...input, participantId, reason: "left", requestId: context.requestId });
    } else if (connections !== null) {
      namespace
        .to(roomOf(input.sessionId))
        .emit("presence:changed", { ...input, participantId, status: "connected", connections });
    }
    return { answer: {} };
  },
);
