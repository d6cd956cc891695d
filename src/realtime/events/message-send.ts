import { z } from "zod";
import { postMessage } from "../../usecases/rooms/post-message.ts";
import { defineEvent, sessionId } from "./define-event.ts";

/** Line feeds and tabs are what people type. */
const controlCharacter = /[^\P{Cc}\n\t]/u;

const payload = z.strictObject({
  sessionId,
  text: z
    .string()
    .min(1)
    .max(4000)
    .refine((text) => !controlCharacter.test(text) && text.isWellFormed(), {
      message: "must not contain control characters",
    }),
  clientMessageId: z
    .string()
    .regex(/^[\w.:-]{1,100}$/, "must be 1 to 100 letters, digits, dashes, dots, colons"),
});

/** Posts a message to the room; a repeated `clientMessageId` gives the first result. */
export const messageSend = defineEvent("message:send", payload, async ({ app, context }, input) => ({
  answer: await postMessage(app, context, input),
}));
