import { z } from "zod";
import { postMessage } from "../../usecases/rooms/post-message.ts";
import { defineEvent, sessionId, typedText } from "./define-event.ts";

const payload = z.strictObject({
  sessionId,
  text: typedText(4000),
  clientMessageId: z
    .string()
    .regex(/^[\w.:-]{1,100}$/, "must be 1 to 100 letters, digits, dashes, dots, colons"),
});

/** Posts a message to the room; a repeated `clientMessageId` gives the first result. */
export const messageSend = defineEvent("message:send", payload, async ({ app, context }, input) => ({
  answer: await postMessage(app, context, input),
}));
