import { z } from "zod";
import { postMessage } from "../../usecases/rooms/post-message.ts";
import { requireRoom } from "../../usecases/rooms/read.ts";
import { text } from "../../schemas/fields.ts";
import { defineEvent, sessionId } from "./define-event.ts";

/** Posts a message to the room; a repeated `clientMessageId` gives the first result. */
export const messageSend = defineEvent({
  name: "message:send",
  summary: "Post a message to the room. A repeated `clientMessageId` gives the first result.",
  payload: z.strictObject({
    sessionId,
    text: text(4000, { lines: true }),
    clientMessageId: z
      .string()
      .regex(/^[\w.:-]{1,100}$/, "must be 1 to 100 letters, digits, dashes, dots, colons"),
  }),
  answer: z.object({ seq: z.int(), messageId: z.uuid() }),
  handle: async ({ app, context, feed }, { sessionId: id, ...message }) => {
    // Also from outside of the room: a message that was posted before it closed is answered as it was then.
    const session = feed.stateOf(id)?.session ?? (await requireRoom(app, id));
    return { answer: await postMessage(app, context, { session, ...message }) };
  },
});
