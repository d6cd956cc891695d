import type { Summary } from "../domain/room.ts";
import { type Sql, plainArray, toJson } from "./client.ts";

type Facts = Omit<Summary, "sessionId" | "generatedAt" | "text">;

/**
 * Keeps the summary of a session as it was in a version, in place of one that tells of an older version.
 * @returns false, and nothing is written, when the session has one of this version already
 */
export const upsertSummary = async (sql: Sql, summary: Summary, sessionVersion: number): Promise<boolean> => {
  const { sessionId, generatedAt, text, ...facts } = summary;
  const rows = await sql`
    INSERT INTO summaries (session_id, facts, text, generated_at, session_version)
    VALUES (${sessionId}, ${toJson(sql, facts)}, ${text}, ${generatedAt}, ${sessionVersion})
    ON CONFLICT (session_id) DO UPDATE
      SET facts = excluded.facts, text = excluded.text, generated_at = excluded.generated_at,
          session_version = excluded.session_version
      WHERE summaries.session_version < excluded.session_version
    RETURNING session_id`;
  return rows.length === 1;
};

type SummaryRow = { sessionId: string; facts: Facts; text: string; generatedAt: Date };

export const findSummary = async (sql: Sql, sessionId: string): Promise<Summary | null> => {
  const [summary] = await listSummaries(sql, [sessionId]);
  return summary ?? null;
};

/** The summaries of these sessions, in no order; a session without one is passed over. */
export const listSummaries = async (sql: Sql, sessionIds: readonly string[]): Promise<Summary[]> => {
  const rows = await sql<SummaryRow[]>`
    SELECT session_id, facts, text, generated_at FROM summaries
    WHERE session_id = ANY(${plainArray(sessionIds)}::uuid[])`;
  return rows.map(summaryOf);
};

const summaryOf = ({ sessionId, facts, text, generatedAt }: SummaryRow): Summary => {
  const participants = facts.participants.map((person) => ({
    ...person,
    firstJoinedAt: new Date(person.firstJoinedAt),
    lastLeftAt: person.lastLeftAt ? new Date(person.lastLeftAt) : null,
  }));
  return { sessionId, generatedAt, ...facts, participants, text };
};
