import type { NewRoomEvent, RoomEvent } from "../domain/room.ts";
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

/** The message that this person posted under this id of theirs, if they did. */
export const findMessage = async (
  sql: Sql,
  message: { sessionId: string; participantId: string; clientMessageId: string },
): Promise<RoomEvent | null> => {
  const [row] = await sql<RoomEvent[]>`
    SELECT ${eventColumns(sql)} FROM session_events
    WHERE session_id = ${message.sessionId} AND type = 'message:posted' AND data ? 'clientMessageId'
      AND data ->> 'participantId' = ${message.participantId}
      AND data ->> 'clientMessageId' = ${message.clientMessageId}`;
  return row ?? null;
};

export const countMessages = async (sql: Sql, sessionId: string): Promise<number> => {
  const [row] = await sql<[{ count: number }]>`
    SELECT count(*)::int AS count FROM session_events
    WHERE session_id = ${sessionId} AND type = 'message:posted'`;
  return row.count;
};
