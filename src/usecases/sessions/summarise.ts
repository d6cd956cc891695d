import { listVisits } from "../../db/attendance.ts";
import { type Sql, inTransaction } from "../../db/client.ts";
import { findLogFigures, listLatestMessages } from "../../db/session-events.ts";
import { findSession, findSessionForUpdate } from "../../db/sessions.ts";
import { type SummarySetting, findSummarySetting, upsertSummary } from "../../db/summaries.ts";
import { maxConversationMessages, maxRemarkLength, toConversation } from "../../domain/conversation.ts";
import { systemActor } from "../../domain/principal.ts";
import type { SummaryWords } from "../../domain/room.ts";
import type { Session } from "../../domain/session.ts";
import {
  type SummaryFacts,
  countSummary,
  hasSummary,
  shortenSummary,
  toSummary,
} from "../../domain/summary.ts";
import type { App } from "../app.ts";
import { type Transaction, transact } from "../transaction.ts";

type Outcome = "written" | "there_already" | "nothing_to_summarise";

/** How often what a session was is put into words anew because it was corrected meanwhile. */
const maxDrafts = 2;

/**
 * Writes the summary of a closed session and tells its room, once: again changes nothing, unless the session was
 * corrected since.
 *
 * What may take long, a model's answer, is waited for before the transaction, without a connection or a lock. What is
 * written are the facts as they are under the lock; words that were found for earlier ones are not used.
 * @returns what came of it
 */
export const summariseSession = async (
  app: App,
  input: { sessionId: string; requestId: string },
): Promise<Outcome> => {
  for (let drafts = 0; ; drafts += 1) {
    const wanted = app.summariser.readsConversation && drafts < maxDrafts;
    const draft = wanted ? await draftSummary(app, input.sessionId) : null;
    const outcome = await transact(app, { requestId: input.requestId }, (transaction) =>
      writeSummary(app, transaction, { sessionId: input.sessionId, draft }),
    );
    if (outcome !== "outdated") return outcome;
  }
};

/** Words for a session as it was in one version. */
type Draft = { version: number; words: SummaryWords };

/** Words from chat and notes as well as from the facts; null where those are not to be read, or there are none. */
const draftSummary = async (app: App, sessionId: string): Promise<Draft | null> => {
  const read = await inTransaction(
    app.sql,
    async (sql) => {
      const range = { limit: maxConversationMessages, maxLength: maxRemarkLength + 1 };
      const [session, known, remarks] = await Promise.all([
        findSession(sql, sessionId),
        readRoom(sql, sessionId),
        listLatestMessages(sql, sessionId, range),
      ]);
      return { session, known, remarks };
    },
    "ISOLATION LEVEL REPEATABLE READ READ ONLY",
  );
  const { session, known, remarks } = read;
  if (!session || !known || !hasSummary(session)) return null;
  const { room, setting } = known;
  if (isTold(session, setting) || !setting.allowsModelSummary) return null;
  const messageCount = room.messages.values().reduce((sum, count) => sum + count, 0);
  const conversation = toConversation({ notes: setting.notes, visits: room.visits, remarks, messageCount });
  if (!conversation) return null;
  const words = await app.summariser.summarise({ session, ...room }, conversation);
  return { version: session.version, words };
};

/** True where there is a summary of the session as it is. */
const isTold = ({ version }: Session, { summarisedVersion }: SummarySetting): boolean =>
  summarisedVersion !== null && summarisedVersion >= version;

const writeSummary = async (
  app: App,
  transaction: Transaction,
  { sessionId, draft }: { sessionId: string; draft: Draft | null },
): Promise<Outcome | "outdated"> => {
  const { sql } = transaction;
  // One flight; the lock comes first, so that the rest is true under it.
  const [locked, known] = await Promise.all([findSessionForUpdate(sql, sessionId), readRoom(sql, sessionId)]);
  if (!locked || !known) return "nothing_to_summarise";
  const { session, now } = locked;
  const { room, setting } = known;
  if (!hasSummary(session)) return "nothing_to_summarise";
  if (isTold(session, setting)) return "there_already";
  if (draft && draft.version !== session.version) return "outdated";
  const facts = { session, ...room };
  const words = draft?.words ?? (await app.summariser.summarise(facts, null));
  const summary = toSummary({ sessionId, generatedAt: now }, countSummary(facts), words);
  const [written] = await Promise.all([
    upsertSummary(sql, summary, session.version),
    transaction.appendEvents(session, [
      { type: "summary:ready", actor: systemActor, data: { summary: shortenSummary(summary) } },
    ]),
    transaction.appendOutbox({ type: "summary.ready", payload: { sessionId } }),
  ]);
  // Under the lock it cannot be; should it be, nothing of this is kept.
  if (!written) throw new Error("a summary was written past the session's lock");
  return "written";
};

/** What a session's room has to tell, and how it is to be summarised; null for none. */
const readRoom = async (
  sql: Sql,
  sessionId: string,
): Promise<{ room: Omit<SummaryFacts, "session">; setting: SummarySetting } | null> => {
  const [visits, log, setting] = await Promise.all([
    listVisits(sql, sessionId),
    findLogFigures(sql, sessionId),
    findSummarySetting(sql, sessionId),
  ]);
  return setting && { room: { visits, ...log, heldIn: setting.heldIn }, setting };
};
