import { summariseSession } from "../usecases/sessions/summarise.ts";
import { defineJob } from "./job.ts";

/** Writes the summary of a session that closed. Idempotent on the session. */
export const summarise = defineJob("summarise", async (app, { payload: { sessionId }, requestId }) => {
  if (sessionId) await summariseSession(app, { sessionId, requestId });
});
