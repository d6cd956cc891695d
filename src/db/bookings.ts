import { type Booking, type BookingRecord, liveStatuses } from "../domain/booking.ts";
import type { Side } from "../domain/room.ts";
import { type Fragment, plainArray, type Sql } from "./client.ts";
import { type PageRequest, allOf, beyond, orderBy } from "./page.ts";

const bookingColumns = (sql: Sql) => sql`
  bookings.id, status, coach_id, client_id, pool_id, session_type_id, title, starts_at, ends_at, notes, metadata,
  (SELECT s.id FROM sessions s WHERE s.booking_id = bookings.id) AS session_id, version, created_at, updated_at`;

export const findBooking = async (sql: Sql, id: string): Promise<Booking | null> => {
  const [row] = await sql<Booking[]>`SELECT ${bookingColumns(sql)} FROM bookings WHERE id = ${id}`;
  return row ?? null;
};

/** These bookings, as they are; nothing is locked. */
export const listBookingsById = (sql: Sql, ids: readonly string[]): Promise<Booking[]> =>
  sql<Booking[]>`SELECT ${bookingColumns(sql)} FROM bookings WHERE id = ANY(${plainArray(ids)}::uuid[])`;

/** The ids of a coach's bookings that begin from so many days ago on, whatever became of them. */
export const listBookingIds = async (
  sql: Sql,
  { coachId, daysBack }: { coachId: string; daysBack: number },
): Promise<string[]> => {
  const rows = await sql<{ id: string }[]>`
    SELECT id FROM bookings
    WHERE coach_id = ${coachId} AND starts_at >= now() - make_interval(days => ${daysBack})`;
  return rows.map(({ id }) => id);
};

const recordColumns = (sql: Sql) => sql`${bookingColumns(sql)}, claim_id, hold_id, assignment`;

/** Which bookings a lane asks for: each of these ids, or made from these holds, or with these claims. */
export type BookingRefs = { ids: readonly string[]; holdIds: readonly string[]; claimIds: readonly string[] };

export const listBookingRecords = (
  sql: Sql,
  { ids, holdIds, claimIds }: BookingRefs,
): Promise<BookingRecord[]> =>
  sql<BookingRecord[]>`
    SELECT ${recordColumns(sql)} FROM bookings
    WHERE id = ANY(${plainArray(ids)}::uuid[]) OR hold_id = ANY(${plainArray(holdIds)}::uuid[])
       OR claim_id = ANY(${plainArray(claimIds)}::uuid[])`;

/** One client's time, in milliseconds. */
export type ClientTime = { clientId: string; start: number; end: number };

/** The live bookings that these clients have for exactly these times, with whomever. */
export const listLiveBookingsAt = (sql: Sql, times: readonly ClientTime[]): Promise<BookingRecord[]> =>
  sql<BookingRecord[]>`
    SELECT ${recordColumns(sql)}
    FROM unnest(${plainArray(times.map(({ clientId }) => clientId))}::uuid[],
                ${plainArray(times.map(({ start }) => new Date(start)))}::timestamptz[],
                ${plainArray(times.map(({ end }) => new Date(end)))}::timestamptz[])
      AS asked (by_client, from_time, to_time), LATERAL (
      SELECT * FROM bookings
      WHERE client_id = by_client AND starts_at = from_time AND ends_at = to_time AND status = ANY(${[...liveStatuses]})
      OFFSET 0
    ) AS bookings`;

export const insertBookings = (sql: Sql, bookings: readonly BookingRecord[]): Fragment => sql`
    INSERT INTO bookings (id, status, coach_id, client_id, pool_id, session_type_id, title, starts_at, ends_at, notes,
                          metadata, claim_id, hold_id, assignment, created_at, updated_at)
    SELECT id, status, coach_id, client_id, pool_id, session_type_id, title, starts_at, ends_at, notes,
           metadata::jsonb, claim_id, hold_id, assignment::jsonb, created_at, created_at
    FROM unnest(
      ${plainArray(bookings.map(({ id }) => id))}::uuid[], ${plainArray(bookings.map(({ status }) => status))}::text[],
      ${plainArray(bookings.map(({ coachId }) => coachId))}::uuid[], ${plainArray(bookings.map(({ clientId }) => clientId))}::uuid[],
      ${plainArray(bookings.map(({ poolId }) => poolId))}::uuid[], ${plainArray(bookings.map(({ sessionTypeId }) => sessionTypeId))}::uuid[],
      ${bookings.map(({ title }) => title)}::text[],
      ${plainArray(bookings.map(({ startsAt }) => startsAt))}::timestamptz[],
      ${plainArray(bookings.map(({ endsAt }) => endsAt))}::timestamptz[],
      ${bookings.map(({ notes }) => notes)}::text[],
      ${bookings.map(({ metadata }) => JSON.stringify(metadata))}::text[],
      ${plainArray(bookings.map(({ claimId }) => claimId))}::uuid[], ${plainArray(bookings.map(({ holdId }) => holdId))}::uuid[],
      ${bookings.map(({ assignment }) => assignment && JSON.stringify(assignment))}::text[],
      ${plainArray(bookings.map(({ createdAt }) => createdAt))}::timestamptz[]
    ) AS n (id, status, coach_id, client_id, pool_id, session_type_id, title, starts_at, ends_at, notes, metadata,
            claim_id, hold_id, assignment, created_at)`;

/** Writes the state, the time and the claim of bookings that changed. */
export const updateBookings = (sql: Sql, bookings: readonly BookingRecord[]): Fragment => sql`
    UPDATE bookings SET status = n.status, starts_at = n.starts_at, ends_at = n.ends_at, claim_id = n.claim_id,
      version = n.version, updated_at = n.updated_at
    FROM unnest(
      ${plainArray(bookings.map(({ id }) => id))}::uuid[], ${plainArray(bookings.map(({ status }) => status))}::text[],
      ${plainArray(bookings.map(({ startsAt }) => startsAt))}::timestamptz[],
      ${plainArray(bookings.map(({ endsAt }) => endsAt))}::timestamptz[],
      ${plainArray(bookings.map(({ claimId }) => claimId))}::uuid[], ${plainArray(bookings.map(({ version }) => version))}::int[],
      ${plainArray(bookings.map(({ updatedAt }) => updatedAt))}::timestamptz[]
    ) AS n (id, status, starts_at, ends_at, claim_id, version, updated_at)
    WHERE bookings.id = n.id`;

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

/** The accepted bookings of a coach or a client that are yet to start: the next ones, at most `limit`. */
export const listUpcomingBookingIds = async (
  sql: Sql,
  { side, personId, limit }: { side: Side; personId: string; limit: number },
): Promise<string[]> => {
  // Read off the index of the side in the order of their start: what is past is not looked at.
  const rows = await sql<{ id: string }[]>`
    SELECT id FROM bookings
    WHERE ${side === "coach" ? sql`coach_id` : sql`client_id`} = ${personId} AND status = 'accepted' AND starts_at > now()
    ORDER BY starts_at LIMIT ${limit}`;
  return rows.map(({ id }) => id);
};
