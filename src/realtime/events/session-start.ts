import { z } from "zod";
import { startSession } from "../../usecases/sessions/start.ts";
import { defineEvent, sessionId, typedText } from "./define-event.ts";

/** The payload of a transition over the socket. */
export const transitionPayload = z.strictObject({ sessionId, reason: typedText(500).optional() });

/** Starts a session, by the same rules as over REST. */
export const sessionStart = defineEvent(
  "session:start",
  transitionPayload,
  async ({ app, context }, input) => ({
    answer: { session: await startSession(app, context, { id: input.sessionId, reason: input.reason }) },
  }),
);
