import type { Summary, SummaryFigures, SummaryWords } from "../domain/room.ts";
import type { SessionLocation } from "../domain/session-type.ts";
import { type Sql, plainArray, toJson } from "./client.ts";

/**
 * Keeps the summary of a session as it was in a version, in place of one that tells of an older version.
 * @returns false, and nothing is written, when the session has one of this version already
 */
export const upsertSummary = async (sql: Sql, summary: Summary, sessionVersion: number): Promise<boolean> => {
  const { sessionId, generatedAt, text, markdown, modelText, ...figures } = summary;
  const rows = await sql`
    INSERT INTO summaries (session_id, facts, text, markdown, model_text, generated_at, session_version)
    VALUES (${sessionId}, ${toJson(sql, figures)}, ${text}, ${markdown}, ${modelText}, ${generatedAt}, ${sessionVersion})
    ON CONFLICT (session_id) DO UPDATE
      SET facts = excluded.facts, text = excluded.text, markdown = excluded.markdown, model_text = excluded.model_text,
          generated_at = excluded.generated_at, session_version = excluded.session_version
      WHERE summaries.session_version < excluded.session_version
    RETURNING session_id`;
  return rows.length === 1;
};

type SummaryRow = { sessionId: string; facts: SummaryFigures; generatedAt: Date } & SummaryWords;

export const findSummary = async (sql: Sql, sessionId: string): Promise<Summary | null> => {
  const [summary] = await listSummaries(sql, [sessionId]);
  return summary ?? null;
};

/** The summaries of these sessions, in no order; a session without one is passed over. */
export const listSummaries = async (sql: Sql, sessionIds: readonly string[]): Promise<Summary[]> => {
  const rows = await sql<SummaryRow[]>`
    SELECT session_id, facts, text, markdown, model_text, generated_at FROM summaries
    WHERE session_id = ANY(${plainArray(sessionIds)}::uuid[])`;
  return rows.map(summaryOf);
};

const summaryOf = ({ sessionId, facts, generatedAt, ...words }: SummaryRow): Summary => {
  const participants = facts.participants.map((person) => ({
    ...person,
    firstJoinedAt: new Date(person.firstJoinedAt),
    lastLeftAt: person.lastLeftAt ? new Date(person.lastLeftAt) : null,
  }));
  return { sessionId, generatedAt, ...facts, participants, ...words };
};

/** How a session is to be summarised. */
export type SummarySetting = {
  heldIn: SessionLocation["kind"];
  allowsModelSummary: boolean;
  /** Of its booking. */
  notes: string | null;
  /** The version of the session that there is a summary of; null before the first. */
  summarisedVersion: number | null;
};

export const findSummarySetting = async (sql: Sql, sessionId: string): Promise<SummarySetting | null> => {
  const [row] = await sql<SummarySetting[]>`
    SELECT coalesce(t.location ->> 'kind', 'room') AS held_in,
      coalesce(t.allows_model_summary, true) AS allows_model_summary, b.notes,
      (SELECT m.session_version FROM summaries m WHERE m.session_id = s.id) AS summarised_version
    FROM sessions s JOIN bookings b ON b.id = s.booking_id LEFT JOIN session_types t ON t.id = b.session_type_id
    WHERE s.id = ${sessionId}`;
  return row ?? null;
};
