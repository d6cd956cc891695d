import { z } from "zod";
import { Session } from "../../schemas/answers.ts";
import { reason } from "../../schemas/fields.ts";
import { startSession } from "../../usecases/sessions/start.ts";
import { defineEvent, sessionId } from "./define-event.ts";

/** The payload of a transition over the socket. */
export const transition = z.strictObject({ sessionId, reason: reason.optional() });

/** Starts a session, by the same rules as over REST. */
export const sessionStart = defineEvent({
  name: "session:start",
  summary: "Start the session, by the same rules as over REST.",
  payload: transition,
  answer: z.object({ session: Session }),
  handle: async ({ app, context }, input) => ({
    answer: { session: await startSession(app, context, { id: input.sessionId, reason: input.reason }) },
  }),
});
