import type { Remark } from "../domain/conversation.ts";
import type { Actor } from "../domain/principal.ts";
import type { NewRoomEvent, RoomEvent } from "../domain/room.ts";
import type { SummaryFacts } from "../domain/summary.ts";
import { type Fragment, plainArray, type Sql, toJson } from "./client.ts";

/** An event with the id under which it will be known. */
export type IdentifiedRoomEvent = NewRoomEvent & { id: string };

export type EventBatch = {
  sessionId: string;
  requestId: string | null;
  events: readonly IdentifiedRoomEvent[];
};

const eventColumns = (sql: Sql) => sql`session_id, seq, id, type, at, actor, data`;

/**
 * Appends to a room's log. The numbers are taken under the lock of the session's row, so they have no gaps and
 * commit in order.
 * @returns the events as they stand in the log, in seq order
 */
export const insertEvents = async (
  sql: Sql,
  { sessionId, requestId, events }: EventBatch,
): Promise<RoomEvent[]> => {
  if (events.length === 0) return [];
  const rows = await sql<RoomEvent[]>`
    WITH log AS (
      UPDATE sessions SET last_seq = last_seq + ${events.length} WHERE id = ${sessionId}
      RETURNING id, last_seq - ${events.length} AS before
    )
    INSERT INTO session_events (session_id, seq, id, type, actor, data, request_id, at)
    SELECT log.id, log.before + e.position, (e.value ->> 'id')::uuid, e.value ->> 'type',
           e.value -> 'actor', e.value -> 'data', ${requestId}, clock_timestamp()
    FROM log, jsonb_array_elements(${toJson(sql, events)}::jsonb) WITH ORDINALITY AS e (value, position)
    RETURNING ${eventColumns(sql)}`;
  return rows.toSorted((a, b) => a.seq - b.seq);
};

/**
 * Writes events that have their numbers, of sessions that the transaction has locked or made and whose `last_seq` it
 * writes itself.
 */
export const insertNumberedEvents = (
  sql: Sql,
  events: readonly (RoomEvent & { requestId: string | null })[],
): Fragment => sql`
    INSERT INTO session_events (session_id, seq, id, type, actor, data, request_id, at)
    SELECT session_id, seq, id, type, actor::jsonb, data::jsonb, request_id, at
    FROM unnest(
      ${plainArray(events.map(({ sessionId }) => sessionId))}::uuid[], ${plainArray(events.map(({ seq }) => seq))}::int[],
      ${plainArray(events.map(({ id }) => id))}::uuid[], ${plainArray(events.map(({ type }) => type))}::text[],
      ${events.map(({ actor }) => JSON.stringify(actor))}::text[],
      ${events.map(({ data }) => JSON.stringify(data))}::text[],
      ${events.map(({ requestId }) => requestId)}::text[],
      ${plainArray(events.map(({ at }) => at))}::timestamptz[]
    ) AS n (session_id, seq, id, type, actor, data, request_id, at)`;

/** The events after a seq, at most `limit`, in seq order. */
export const listEvents = (
  sql: Sql,
  sessionId: string,
  range: { after: number; limit: number },
): Promise<RoomEvent[]> =>
  sql<RoomEvent[]>`
    SELECT ${eventColumns(sql)} FROM session_events
    WHERE session_id = ${sessionId} AND seq > ${range.after}
    ORDER BY seq LIMIT ${range.limit}`;

/** A message by the id that its sender gave it. */
export type MessageRef = { sessionId: string; participantId: string; clientMessageId: string };

/** Those of these messages that were posted before. */
export const listMessages = (
  sql: Sql,
  refs: readonly MessageRef[],
): Promise<(MessageRef & { seq: number; messageId: string })[]> =>
  sql<(MessageRef & { seq: number; messageId: string })[]>`
    SELECT n.session_id, n.participant_id, n.client_message_id, e.seq, e.data ->> 'messageId' AS message_id
    FROM unnest(${plainArray(refs.map(({ sessionId }) => sessionId))}::uuid[],
                ${plainArray(refs.map(({ participantId }) => participantId))}::text[],
                ${refs.map(({ clientMessageId }) => clientMessageId)}::text[])
      AS n (session_id, participant_id, client_message_id)
    JOIN session_events e ON e.session_id = n.session_id AND e.type = 'message:posted' AND e.data ? 'clientMessageId'
      AND e.data ->> 'participantId' = n.participant_id AND e.data ->> 'clientMessageId' = n.client_message_id`;

/** What a summary is told of a log: how many messages each person sent, who closed the session, and its last correction. */
export const findLogFigures = async (
  sql: Sql,
  sessionId: string,
): Promise<Pick<SummaryFacts, "messages" | "closedBy" | "correction">> => {
  const rows = await sql<
    {
      type: string;
      participantId: string | null;
      actor: Actor["type"];
      reason: string | null;
      count: number;
    }[]
  >`
    SELECT type, data ->> 'participantId' AS participant_id, actor ->> 'type' AS actor,
      CASE WHEN type = 'session:corrected' THEN data ->> 'reason' END AS reason, count(*)::int AS count
    FROM session_events
    WHERE session_id = ${sessionId}
      AND type IN ('message:posted', 'session:ended', 'session:cancelled', 'session:no_show', 'session:corrected')
    GROUP BY 1, 2, 3, 4 ORDER BY max(seq) DESC`;
  const messages = new Map<string, number>();
  for (const { type, participantId, count } of rows)
    if (type === "message:posted" && participantId !== null)
      messages.set(participantId, (messages.get(participantId) ?? 0) + count);
  const closing = rows.find(({ type }) => type !== "message:posted" && type !== "session:corrected");
  const corrected = rows.find(({ type }) => type === "session:corrected");
  const correction = corrected ? { by: corrected.actor, reason: corrected.reason ?? "" } : null;
  return { messages, closedBy: closing?.actor ?? null, correction };
};

/** The newest messages of a session, oldest first, each up to `maxLength` characters. */
export const listLatestMessages = async (
  sql: Sql,
  sessionId: string,
  { limit, maxLength }: { limit: number; maxLength: number },
): Promise<Remark[]> => {
  const rows = await sql<Remark[]>`
    SELECT data ->> 'participantId' AS participant_id, left(data ->> 'text', ${maxLength}) AS text
    FROM session_events WHERE session_id = ${sessionId} AND type = 'message:posted'
    ORDER BY seq DESC LIMIT ${limit}`;
  return rows.toReversed();
};
