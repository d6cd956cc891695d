import type { SessionLocation, SessionType } from "../domain/session-type.ts";
import type { Session } from "../domain/session.ts";
import type { Sql } from "./client.ts";

/** A session that has not closed, where it is held, and how long its room waits where its type says so. */
export type OpenSession = {
  session: Pick<Session, "id" | "status" | "startsAt" | "endsAt" | "startedAt">;
  location: SessionLocation["kind"];
  timers: Pick<SessionType, "emptyRoomMinutes" | "maxOverrunMinutes" | "noShowMinutes">;
  /** The database's time. */
  now: Date;
};

type Row = OpenSession["session"] &
  OpenSession["timers"] & { location: OpenSession["location"] | null; now: Date };

/** What is read of a session, and of the type that it was booked as. */
const openColumns = (sql: Sql) => sql`
  sessions.id, sessions.status, sessions.starts_at, sessions.ends_at, sessions.started_at, clock_timestamp() AS now,
  t.location ->> 'kind' AS location, t.empty_room_minutes, t.max_overrun_minutes, t.no_show_minutes`;

const withTypes = (sql: Sql) => sql`
  sessions JOIN bookings b ON b.id = sessions.booking_id LEFT JOIN session_types t ON t.id = b.session_type_id`;

const openSessionOf = ({ location, now, ...row }: Row): OpenSession => {
  const { emptyRoomMinutes, maxOverrunMinutes, noShowMinutes, ...session } = row;
  const timers = { emptyRoomMinutes, maxOverrunMinutes, noShowMinutes };
  return { session, location: location ?? "room", timers, now };
};

/**
 * The sessions that have this status and may be overdue, by their start: those in progress, and those scheduled whose time
 * has come. `after` is the last one of the page before. Nothing is locked. Each status has an index of its own, which is
 * used only where the statement itself names the status.
 */
export const listOpenSessions = async (
  sql: Sql,
  status: "scheduled" | "in_progress",
  { after, limit }: { after: string | null; limit: number },
): Promise<OpenSession[]> => {
  const isDue =
    status === "scheduled"
      ? sql`sessions.status = 'scheduled' AND sessions.starts_at <= now()`
      : sql`sessions.status = 'in_progress'`;
  const beyond = after
    ? sql`AND (sessions.starts_at, sessions.id) > (SELECT a.starts_at, a.id FROM sessions a WHERE a.id = ${after})`
    : sql``;
  const rows = await sql<Row[]>`
    SELECT ${openColumns(sql)} FROM ${withTypes(sql)}
    WHERE ${isDue} ${beyond} ORDER BY sessions.starts_at, sessions.id LIMIT ${limit}`;
  return rows.map(openSessionOf);
};

/**
 * Locks a session that has not closed until the transaction ends, and reads it as it is then.
 * @returns null when it has closed, or somebody else has it locked: nothing waits
 */
export const findOpenSessionForUpdate = async (sql: Sql, id: string): Promise<OpenSession | null> => {
  // Two statements: what the second one reads is what the lock was taken on.
  const [locked, [row]] = await Promise.all([
    sql`SELECT 1 FROM sessions WHERE id = ${id} FOR UPDATE SKIP LOCKED`,
    sql<
      Row[]
    >`SELECT ${openColumns(sql)} FROM ${withTypes(sql)} WHERE sessions.id = ${id} AND sessions.status IN ('scheduled', 'in_progress')`,
  ]);
  return locked.length === 1 && row ? openSessionOf(row) : null;
};
