import type { Absent, Outcome, Session, SessionStatus } from "../domain/session.ts";
import { type ScheduleFilter, scheduleConditions } from "./bookings.ts";
import { type Fragment, plainArray, type Sql } from "./client.ts";
import { type PageRequest, beyond, orderBy } from "./page.ts";

const rowColumns = (sql: Sql) => sql`
  id, booking_id, status, coach_id, client_id, starts_at, ends_at, started_at, ended_at, end_reason, absent, last_seq,
  version, created_at, updated_at`;

const sessionColumns = (sql: Sql) => sql`
  ${rowColumns(sql)},
  (SELECT count(*)::int FROM attendance a WHERE a.session_id = sessions.id AND a.left_at IS NULL) AS participant_count`;

export const findSession = async (sql: Sql, id: string): Promise<Session | null> => {
  const [row] = await sql<Session[]>`SELECT ${sessionColumns(sql)} FROM sessions WHERE id = ${id}`;
  return row ?? null;
};

/**
 * Locks the session's row until the transaction ends: whoever changes a session, its visits or its log does so
 * under this lock, one after another. `now` is the database's time, since the clocks of nodes differ.
 */
export const findSessionForUpdate = async (
  sql: Sql,
  id: string,
): Promise<{ session: Session; now: Date } | null> => {
  // Two statements: the second one's snapshot is taken after the lock is held, so its counts are true under it.
  const [, [row]] = await Promise.all([
    sql`SELECT 1 FROM sessions WHERE id = ${id} FOR UPDATE`,
    sql<(Session & { now: Date })[]>`
      SELECT ${sessionColumns(sql)}, clock_timestamp() AS now FROM sessions WHERE id = ${id}`,
  ]);
  if (!row) return null;
  const { now, ...session } = row;
  return { session, now };
};

/** A session as its own row has it. */
export type SessionRow = Omit<Session, "participantCount">;

/**
 * Locks these sessions, in the order of their ids, and reads their rows. They are read as the lock finds them, since
 * nothing else is read with them.
 */
export const listSessionRowsForUpdate = (sql: Sql, ids: readonly string[]): Promise<SessionRow[]> =>
  sql<SessionRow[]>`
    SELECT ${rowColumns(sql)} FROM sessions WHERE id = ANY(${plainArray(ids)}::uuid[]) ORDER BY id FOR UPDATE`
    // Sent before whatever is asked in the same flight, which has to see what the lock waited for.
    .execute();

/** Writes what happened in rooms to their sessions: how they stand, and the number of their newest event. */
export const updateSessionRooms = (sql: Sql, sessions: readonly SessionRow[]): Fragment => sql`
    UPDATE sessions SET last_seq = n.last_seq, status = n.status, started_at = n.started_at, version = n.version,
      updated_at = n.updated_at
    FROM unnest(
      ${plainArray(sessions.map(({ id }) => id))}::uuid[], ${plainArray(sessions.map(({ lastSeq }) => lastSeq))}::int[],
      ${plainArray(sessions.map(({ status }) => status))}::text[],
      ${plainArray(sessions.map(({ startedAt }) => startedAt))}::timestamptz[],
      ${plainArray(sessions.map(({ version }) => version))}::int[],
      ${plainArray(sessions.map(({ updatedAt }) => updatedAt))}::timestamptz[]
    ) AS n (id, last_seq, status, started_at, version, updated_at)
    WHERE sessions.id = n.id`;

/** These sessions, as they are; nothing is locked. */
export const listSessionsById = (sql: Sql, ids: readonly string[]): Promise<Session[]> =>
  sql<Session[]>`SELECT ${sessionColumns(sql)} FROM sessions WHERE id = ANY(${plainArray(ids)}::uuid[])`;

/** Locks the sessions of these bookings, one after another in the order of their ids, and reads them. */
export const listSessionsForUpdate = async (sql: Sql, bookingIds: readonly string[]): Promise<Session[]> => {
  const [, sessions] = await Promise.all([
    sql`SELECT 1 FROM sessions WHERE booking_id = ANY(${plainArray(bookingIds)}::uuid[]) ORDER BY id FOR UPDATE`,
    sql<Session[]>`
      SELECT ${sessionColumns(sql)} FROM sessions WHERE booking_id = ANY(${plainArray(bookingIds)}::uuid[])`,
  ]);
  return sessions;
};

/** The sessions of these bookings, as they are; nothing is locked. */
export const listSessionsOfBookings = (sql: Sql, bookingIds: readonly string[]): Promise<Session[]> =>
  sql<Session[]>`
    SELECT ${sessionColumns(sql)} FROM sessions WHERE booking_id = ANY(${plainArray(bookingIds)}::uuid[])`;

/** Writes sessions that are scheduled, with the number of their newest event. */
export const insertSessions = (sql: Sql, sessions: readonly Session[]): Fragment => sql`
    INSERT INTO sessions (id, booking_id, coach_id, client_id, status, starts_at, ends_at, last_seq, created_at, updated_at)
    SELECT id, booking_id, coach_id, client_id, 'scheduled', starts_at, ends_at, last_seq, created_at, created_at
    FROM unnest(
      ${plainArray(sessions.map(({ id }) => id))}::uuid[], ${plainArray(sessions.map(({ bookingId }) => bookingId))}::uuid[],
      ${plainArray(sessions.map(({ coachId }) => coachId))}::uuid[], ${plainArray(sessions.map(({ clientId }) => clientId))}::uuid[],
      ${plainArray(sessions.map(({ startsAt }) => startsAt))}::timestamptz[],
      ${plainArray(sessions.map(({ endsAt }) => endsAt))}::timestamptz[],
      ${plainArray(sessions.map(({ lastSeq }) => lastSeq))}::int[],
      ${plainArray(sessions.map(({ createdAt }) => createdAt))}::timestamptz[]
    ) AS n (id, booking_id, coach_id, client_id, starts_at, ends_at, last_seq, created_at)`;

/** Writes the time of sessions that were moved, with the number of their newest event. */
export const updateSessionTimes = (sql: Sql, sessions: readonly Session[]): Fragment => sql`
    UPDATE sessions SET starts_at = n.starts_at, ends_at = n.ends_at, last_seq = n.last_seq, version = n.version,
      updated_at = n.updated_at
    FROM unnest(
      ${plainArray(sessions.map(({ id }) => id))}::uuid[],
      ${plainArray(sessions.map(({ startsAt }) => startsAt))}::timestamptz[],
      ${plainArray(sessions.map(({ endsAt }) => endsAt))}::timestamptz[],
      ${plainArray(sessions.map(({ lastSeq }) => lastSeq))}::int[], ${plainArray(sessions.map(({ version }) => version))}::int[],
      ${plainArray(sessions.map(({ updatedAt }) => updatedAt))}::timestamptz[]
    ) AS n (id, starts_at, ends_at, last_seq, version, updated_at)
    WHERE sessions.id = n.id`;

/** What a transition writes; `at` becomes the start or the end, whichever the new status implies. */
export type SessionChange = {
  status: SessionStatus;
  at: Date;
  reason: string | null;
  /** Who did not come, where that is what it comes to. */
  absent?: Absent | null;
};

/** Writes a transition that the caller decided under the session's lock. */
export const updateSessionStatus = async (sql: Sql, id: string, change: SessionChange): Promise<Session> => {
  const starts = change.status === "in_progress";
  const [row] = await sql<[Session]>`
    UPDATE sessions SET
      status = ${change.status},
      started_at = ${starts ? change.at : sql`started_at`},
      ended_at = ${starts ? sql`ended_at` : change.at},
      end_reason = ${starts ? sql`end_reason` : change.reason},
      absent = ${change.absent ?? null},
      version = version + 1,
      updated_at = now()
    WHERE id = ${id}
    RETURNING ${sessionColumns(sql)}`;
  return row;
};

/** Writes the other outcome of a closed session, which the caller decided under its lock. Why it ended stays. */
export const updateSessionOutcome = async (
  sql: Sql,
  id: string,
  { outcome, absent }: { outcome: Outcome; absent: Absent | null },
): Promise<Session> => {
  const [row] = await sql<[Session]>`
    UPDATE sessions SET status = ${outcome}, absent = ${absent}, version = version + 1,
      updated_at = now()
    WHERE id = ${id}
    RETURNING ${sessionColumns(sql)}`;
  return row;
};

export const listSessions = (sql: Sql, filter: ScheduleFilter, page: PageRequest): Promise<Session[]> =>
  sql<Session[]>`
    SELECT ${sessionColumns(sql)} FROM sessions
    WHERE ${scheduleConditions(sql, filter)} AND ${beyond(sql, page)}
    ${orderBy(sql, page)} LIMIT ${page.limit + 1}`;

/** The newest seq of each of these sessions: one statement for all the rooms that a node serves. */
export const listLastSeqs = async (sql: Sql, sessionIds: readonly string[]): Promise<Map<string, number>> => {
  const rows = await sql<{ id: string; lastSeq: number }[]>`
    SELECT id, last_seq FROM sessions WHERE id = ANY(${plainArray(sessionIds)}::uuid[])`;
  return new Map(rows.map((row) => [row.id, row.lastSeq]));
};

/** A session that a board follows. */
export type BoardRow = { id: string; coachId: string; lastSeq: number; shown: boolean };

/** More sessions than these are on no board. */
const boardLimit = 5_000;

/**
 * The sessions of boards. A session lasts a day at most, so that none of those that ended within the last day began more
 * than two days ago: history is not looked at.
 */
export const listBoard = (
  sql: Sql,
  { coachIds, everybody }: { coachIds: readonly string[]; everybody: boolean },
): Promise<BoardRow[]> =>
  sql<BoardRow[]>`
    SELECT id, coach_id, last_seq, shown FROM (
      SELECT id, coach_id, last_seq, starts_at,
        starts_at < now() + interval '1 day'
          AND (ended_at IS NULL OR ended_at > now() - interval '1 hour') AS shown
      FROM sessions
      WHERE starts_at > now() - interval '2 days' AND ends_at > now() - interval '1 day'
        AND ${everybody ? sql`(starts_at < now() + interval '1 day' OR coach_id = ANY(${plainArray(coachIds)}::uuid[]))` : sql`coach_id = ANY(${plainArray(coachIds)}::uuid[])`}
    ) AS candidates
    WHERE shown OR coach_id = ANY(${plainArray(coachIds)}::uuid[])
    ORDER BY starts_at LIMIT ${boardLimit}`;
