import { z } from "zod";
import { defineEvent, nothing, sessionId } from "./define-event.ts";

/** Takes this connection out of a room; with a person's last one they leave at once. Again changes nothing. */
export const sessionLeave = defineEvent({
  name: "session:leave",
  summary: "Leave the room with this connection; with a person's last one they have left at once.",
  payload: z.strictObject({ sessionId }),
  answer: nothing,
  handle: async ({ rooms, connection, context }, input) => {
    await rooms.leave(connection, input.sessionId, context.requestId);
    return { answer: {} };
  },
});
