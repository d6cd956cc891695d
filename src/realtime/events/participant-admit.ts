import { z } from "zod";
import { admitParticipant } from "../../usecases/rooms/admit.ts";
import { defineEvent, nothing, sessionId } from "./define-event.ts";

/** Lets somebody in who waits in the lobby, or who was removed. */
export const participantAdmit = defineEvent({
  name: "participant:admit",
  summary: "Let somebody in who waits in the lobby, or who was removed. For the coach.",
  payload: z.strictObject({ sessionId, participantId: z.uuid().transform((id) => id.toLowerCase()) }),
  answer: nothing,
  handle: async ({ app, context }, input) => {
    await admitParticipant(app, context, input);
    return { answer: {} };
  },
});
