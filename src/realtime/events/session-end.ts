import { z } from "zod";
import { Session } from "../../schemas/answers.ts";
import { endSession } from "../../usecases/sessions/end.ts";
import { defineEvent } from "./define-event.ts";
import { transition } from "./session-start.ts";

/** Ends a session, by the same rules as over REST. */
export const sessionEnd = defineEvent({
  name: "session:end",
  summary: "End the session, by the same rules as over REST.",
  payload: transition,
  answer: z.object({ session: Session }),
  handle: async ({ app, context }, input) => ({
    answer: { session: await endSession(app, context, { id: input.sessionId, reason: input.reason }) },
  }),
});
