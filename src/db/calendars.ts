import {
  type ExternalCalendar,
  calendarStaleMinutes,
  calendarSyncMinutes,
} from "../domain/external-calendar.ts";
import type { Sql } from "./client.ts";

const calendarColumns = (sql: Sql) => sql`
  calendars.id, coach_id, url, synced_at, attempted_at, next_sync_at, last_error, skipped_events,
  synced_at IS NULL OR synced_at < now() - make_interval(mins => ${calendarStaleMinutes}) AS stale,
  (SELECT count(*)::int FROM busy_periods b WHERE b.calendar_id = calendars.id) AS busy_period_count,
  version, created_at, updated_at`;

/** When a calendar is read next, spread out, so that those that were added together are not read together. */
const nextSync = (sql: Sql) =>
  sql`now() + make_interval(secs => ${calendarSyncMinutes * 60} * (0.95 + 0.1 * random()))`;

/** Fails with unique violation `calendars_coach_url` when the coach has it already. */
export const insertCalendar = async (
  sql: Sql,
  { id, coachId, url }: Pick<ExternalCalendar, "id" | "coachId" | "url">,
): Promise<ExternalCalendar> => {
  const [row] = await sql<[ExternalCalendar]>`
    INSERT INTO calendars (id, coach_id, url, next_sync_at) VALUES (${id}, ${coachId}, ${url}, ${nextSync(sql)})
    RETURNING ${calendarColumns(sql)}`;
  return row;
};

export const countCalendars = async (sql: Sql, coachId: string): Promise<number> => {
  const [row] = await sql<[{ count: number }]>`
    SELECT count(*)::int AS count FROM calendars WHERE coach_id = ${coachId}`;
  return row.count;
};

/** The calendars of a coach, newest first. */
export const listCalendars = (sql: Sql, coachId: string): Promise<ExternalCalendar[]> =>
  sql<ExternalCalendar[]>`
    SELECT ${calendarColumns(sql)} FROM calendars WHERE coach_id = ${coachId} ORDER BY id DESC`;

/** Which of a coach's calendars. */
export type CalendarRef = { coachId: string; calendarId: string };

export const findCalendar = async (
  sql: Sql,
  { coachId, calendarId }: CalendarRef,
): Promise<ExternalCalendar | null> => {
  const [row] = await sql<ExternalCalendar[]>`
    SELECT ${calendarColumns(sql)} FROM calendars WHERE id = ${calendarId} AND coach_id = ${coachId}`;
  return row ?? null;
};

/** Takes a calendar away, and the busy periods that it said. */
export const deleteCalendar = async (sql: Sql, calendarId: string): Promise<void> => {
  await sql`DELETE FROM calendars WHERE id = ${calendarId}`;
};

/**
 * Takes calendars that are due to be read, and says when they are due again. What another transaction has taken is
 * passed over, so any number of nodes may ask at once.
 */
export const claimDueCalendars = (sql: Sql, limit: number): Promise<{ id: string }[]> =>
  sql<{ id: string }[]>`
    WITH due AS (
      SELECT id FROM calendars WHERE next_sync_at <= now() ORDER BY next_sync_at LIMIT ${limit}
      FOR UPDATE SKIP LOCKED
    )
    UPDATE calendars SET next_sync_at = ${nextSync(sql)} FROM due WHERE calendars.id = due.id
    RETURNING calendars.id`;

/** Puts off the next regular attempt, since there is one now. */
export const updateNextSync = async (sql: Sql, { coachId, calendarId }: CalendarRef): Promise<void> => {
  await sql`
    UPDATE calendars SET next_sync_at = ${nextSync(sql)} WHERE id = ${calendarId} AND coach_id = ${coachId}`;
};

/** An attempt to read a calendar that has begun. */
export type SyncAttempt = {
  calendarId: string;
  coachId: string;
  attempt: number;
  url: string;
  /** The coach's. */
  timeZone: string;
  /** What to ask with whether it has changed; null where the whole of it is needed, changed or not. */
  etag: string | null;
  lastModified: string | null;
  /** Of the last time that it was read. */
  skippedEvents: number;
  /** The database's time. */
  now: Date;
};

/** How long what was worked out of a feed holds: the horizon falls short by as much, at most. */
const expansionHours = 24;

/** Begins an attempt; null when the calendar is gone. */
export const beginSync = async (sql: Sql, calendarId: string): Promise<SyncAttempt | null> => {
  const holds = sql`
    k.expanded_at > now() - make_interval(hours => ${expansionHours}) AND k.expanded_zone = c.time_zone`;
  const [row] = await sql<SyncAttempt[]>`
    UPDATE calendars k SET attempt = attempt + 1, attempted_at = now() FROM coaches c
    WHERE k.id = ${calendarId} AND c.id = k.coach_id
    RETURNING k.id AS calendar_id, k.coach_id, k.attempt, k.url, c.time_zone, k.skipped_events, now() AS now,
      CASE WHEN ${holds} THEN k.etag END AS etag, CASE WHEN ${holds} THEN k.last_modified END AS last_modified`;
  return row ?? null;
};

type AttemptRef = Pick<SyncAttempt, "calendarId" | "attempt">;

/** Keeps why an attempt failed, unless a later one has begun. */
export const updateSyncFailed = async (
  sql: Sql,
  { calendarId, attempt }: AttemptRef,
  words: string,
): Promise<void> => {
  await sql`UPDATE calendars SET last_error = ${words} WHERE id = ${calendarId} AND attempt = ${attempt}`;
};

/** What was read last is still true, and so is what was wrong with it, in words. */
export const updateSyncUnchanged = async (
  sql: Sql,
  { calendarId, attempt }: AttemptRef,
  words: string | null,
): Promise<void> => {
  await sql`
    UPDATE calendars SET synced_at = now(), last_error = ${words} WHERE id = ${calendarId} AND attempt = ${attempt}`;
};

/** What an attempt found, beside the periods. */
export type SyncFindings = Pick<SyncAttempt, "etag" | "lastModified" | "skippedEvents"> & {
  lastError: string | null;
};

/**
 * Keeps that a calendar was read; false when it is gone, or a later attempt has begun, and its periods are not to be
 * written.
 */
export const updateSynced = async (
  sql: Sql,
  { calendarId, attempt, timeZone }: AttemptRef & Pick<SyncAttempt, "timeZone">,
  { etag, lastModified, skippedEvents, lastError }: SyncFindings,
): Promise<boolean> => {
  const rows = await sql`
    UPDATE calendars SET synced_at = now(), last_error = ${lastError}, expanded_at = now(), expanded_zone = ${timeZone},
      etag = ${etag}, last_modified = ${lastModified}, skipped_events = ${skippedEvents}
    WHERE id = ${calendarId} AND attempt = ${attempt} RETURNING id`;
  return rows.length > 0;
};
