import { endSession } from "../../usecases/sessions/end.ts";
import { defineEvent } from "./define-event.ts";
import { transitionPayload } from "./session-start.ts";

/** Ends a session, by the same rules as over REST. */
export const sessionEnd = defineEvent("session:end", transitionPayload, async ({ app, context }, input) => ({
  answer: { session: await endSession(app, context, { id: input.sessionId, reason: input.reason }) },
}));
