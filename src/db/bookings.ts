import type { Booking, BookingStatus } from "../domain/booking.ts";
import { type Sql, toJson } from "./client.ts";
import { type PageRequest, allOf, beyond, orderBy } from "./page.ts";

const bookingColumns = (sql: Sql) => sql`
  id, status, coach_id, client_id, pool_id, session_type_id, title, starts_at, ends_at, notes, metadata,
  (SELECT s.id FROM sessions s WHERE s.booking_id = bookings.id) AS session_id, version, created_at, updated_at`;

/** A booking with the ids of all that is made with it. */
export type NewBooking = {
  id: string;
  claimId: string;
  sessionId: string;
  coachId: string;
  clientId: string;
  startsAt: Date;
  endsAt: Date;
  title: string | null;
  notes: string | null;
  metadata: Record<string, string>;
};

/**
 * Writes claim, booking and session of a booking that is accepted at once: one statement, all or nothing.
 * @returns false, and nothing is written, when another claim of the coach overlaps. That is settled by the
 *   exclusion constraint, so it holds without the coach's lane too.
 */
export const insertAcceptedBooking = async (sql: Sql, booking: NewBooking): Promise<boolean> => {
  const rows = await sql`
    WITH claim AS (
      INSERT INTO claims (id, coach_id, period, kind)
      VALUES (${booking.claimId}, ${booking.coachId}, tstzrange(${booking.startsAt}, ${booking.endsAt}), 'booking')
      ON CONFLICT DO NOTHING
      RETURNING id
    ), booking AS (
      INSERT INTO bookings
        (id, coach_id, client_id, status, title, starts_at, ends_at, notes, metadata, claim_id)
      SELECT ${booking.id}::uuid, ${booking.coachId}::uuid, ${booking.clientId}::uuid, 'accepted',
             ${booking.title}::text, ${booking.startsAt}::timestamptz, ${booking.endsAt}::timestamptz,
             ${booking.notes}::text, ${toJson(sql, booking.metadata)}::jsonb, claim.id
      FROM claim
      RETURNING id, coach_id, client_id, starts_at, ends_at
    )
    INSERT INTO sessions (id, booking_id, coach_id, client_id, status, starts_at, ends_at)
    SELECT ${booking.sessionId}::uuid, id, coach_id, client_id, 'scheduled', starts_at, ends_at FROM booking
    RETURNING id`;
  return rows.length === 1;
};

export const findBooking = async (sql: Sql, id: string): Promise<Booking | null> => {
  const [row] = await sql<Booking[]>`SELECT ${bookingColumns(sql)} FROM bookings WHERE id = ${id}`;
  return row ?? null;
};

/** Locks the booking's row until the transaction ends. */
export const findBookingForUpdate = async (
  sql: Sql,
  id: string,
): Promise<{ booking: Booking; claimId: string | null } | null> => {
  const [row] = await sql<(Booking & { claimId: string | null })[]>`
    SELECT ${bookingColumns(sql)}, claim_id FROM bookings WHERE id = ${id} FOR UPDATE OF bookings`;
  if (!row) return null;
  const { claimId, ...booking } = row;
  return { booking, claimId };
};

/** Ends a booking and lets go of its claim's row, which the caller deletes. */
export const updateBookingEnded = async (sql: Sql, id: string, status: BookingStatus): Promise<void> => {
  await sql`
    UPDATE bookings SET status = ${status}, claim_id = NULL, version = version + 1, updated_at = now()
    WHERE id = ${id}`;
};

/** What a list is narrowed to; null does not narrow. `from` and `to` bound the start, half-open. */
export type ScheduleFilter = {
  status: string | null;
  coachId: string | null;
  clientId: string | null;
  from: Date | null;
  to: Date | null;
};

/** The conditions of a filter on a table with the columns of a schedule: bookings and sessions. */
export const scheduleConditions = (sql: Sql, filter: ScheduleFilter) =>
  allOf(sql, [
    ...(filter.status ? [sql`status = ${filter.status}`] : []),
    ...(filter.coachId ? [sql`coach_id = ${filter.coachId}`] : []),
    ...(filter.clientId ? [sql`client_id = ${filter.clientId}`] : []),
    ...(filter.from ? [sql`starts_at >= ${filter.from}`] : []),
    ...(filter.to ? [sql`starts_at < ${filter.to}`] : []),
  ]);

export const listBookings = (sql: Sql, filter: ScheduleFilter, page: PageRequest): Promise<Booking[]> =>
  sql<Booking[]>`
    SELECT ${bookingColumns(sql)} FROM bookings
    WHERE ${scheduleConditions(sql, filter)} AND ${beyond(sql, page)}
    ${orderBy(sql, page)} LIMIT ${page.limit + 1}`;
