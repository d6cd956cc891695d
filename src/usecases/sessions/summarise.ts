import { listVisits } from "../../db/attendance.ts";
import { countMessages } from "../../db/session-events.ts";
import { findSessionForUpdate } from "../../db/sessions.ts";
import { upsertSummary } from "../../db/summaries.ts";
import { systemActor } from "../../domain/principal.ts";
import { isClosed } from "../../domain/session.ts";
import { summarise } from "../../domain/summary.ts";
import type { App } from "../app.ts";
import { transact } from "../transaction.ts";

/**
 * Writes the summary of a closed session and tells its room, once: again changes nothing, unless the session was
 * corrected since.
 * @returns what came of it
 */
export const summariseSession = (
  app: App,
  input: { sessionId: string; requestId: string },
): Promise<"written" | "there_already" | "nothing_to_summarise"> =>
  transact(app, { requestId: input.requestId }, async (transaction) => {
    const { sql } = transaction;
    const locked = await findSessionForUpdate(sql, input.sessionId);
    if (!locked) return "nothing_to_summarise";
    const { session, now } = locked;
    const happened = session.startedAt !== null || session.status !== "cancelled";
    if (!isClosed(session.status) || !happened) return "nothing_to_summarise";
    const [visits, messageCount] = await Promise.all([
      listVisits(sql, session.id),
      countMessages(sql, session.id),
    ]);
    const summary = summarise({ session, visits, messageCount }, now);
    if (!(await upsertSummary(sql, summary, session.version))) return "there_already";
    await transaction.appendEvents(session, [
      { type: "summary:ready", actor: systemActor, data: { summary } },
    ]);
    await transaction.appendOutbox({ type: "summary.ready", payload: { sessionId: session.id } });
    return "written";
  });
