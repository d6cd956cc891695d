import type { Summary } from "../domain/room.ts";
import { type Sql, toJson } from "./client.ts";

type Facts = Omit<Summary, "sessionId" | "generatedAt" | "text">;

/**
 * Keeps a summary.
 * @returns false, and nothing is written, when the session has one already
 */
export const insertSummary = async (sql: Sql, summary: Summary): Promise<boolean> => {
  const { sessionId, generatedAt, text, ...facts } = summary;
  const rows = await sql`
    INSERT INTO summaries (session_id, facts, text, generated_at)
    VALUES (${sessionId}, ${toJson(sql, facts)}, ${text}, ${generatedAt})
    ON CONFLICT (session_id) DO NOTHING
    RETURNING session_id`;
  return rows.length === 1;
};

export const findSummary = async (sql: Sql, sessionId: string): Promise<Summary | null> => {
  const [row] = await sql<{ facts: Facts; text: string; generatedAt: Date }[]>`
    SELECT facts, text, generated_at FROM summaries WHERE session_id = ${sessionId}`;
  if (!row) return null;
  const { facts, text, generatedAt } = row;
  const participants = facts.participants.map((person) => ({
    ...person,
    firstJoinedAt: new Date(person.firstJoinedAt),
    lastLeftAt: person.lastLeftAt ? new Date(person.lastLeftAt) : null,
  }));
  return { sessionId, generatedAt, ...facts, participants, text };
};
