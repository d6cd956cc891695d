import type { BookingStatus } from "../domain/booking.ts";
import type { Sql } from "./client.ts";

/** That a coach's own feed is open, and since when at this address. */
export type CoachFeed = { coachId: string; nonce: string; createdAt: Date };

/** Opens a coach's feed, or moves it to another address. */
export const upsertCoachFeed = async (
  sql: Sql,
  { coachId, nonce }: Pick<CoachFeed, "coachId" | "nonce">,
): Promise<CoachFeed> => {
  const [row] = await sql<[CoachFeed]>`
    INSERT INTO coach_feeds (coach_id, nonce) VALUES (${coachId}, ${nonce})
    ON CONFLICT (coach_id) DO UPDATE SET nonce = excluded.nonce, created_at = now()
    RETURNING *`;
  return row;
};

export const findCoachFeed = async (sql: Sql, coachId: string): Promise<CoachFeed | null> => {
  const [row] = await sql<CoachFeed[]>`SELECT * FROM coach_feeds WHERE coach_id = ${coachId}`;
  return row ?? null;
};

export const deleteCoachFeed = async (sql: Sql, coachId: string): Promise<boolean> => {
  const rows = await sql`DELETE FROM coach_feeds WHERE coach_id = ${coachId} RETURNING coach_id`;
  return rows.length > 0;
};

/** A booking as a calendar shows it. */
export type FeedBooking = {
  id: string;
  status: BookingStatus;
  title: string | null;
  startsAt: Date;
  endsAt: Date;
  version: number;
  createdAt: Date;
  updatedAt: Date;
  clientName: string;
};

/** A coach's bookings that begin within these days, but for those that never became a session and no longer may. */
export const listFeedBookings = (
  sql: Sql,
  coachId: string,
  { daysBack, daysAhead, limit }: { daysBack: number; daysAhead: number; limit: number },
): Promise<FeedBooking[]> =>
  sql<FeedBooking[]>`
    SELECT b.id, b.status, b.title, b.starts_at, b.ends_at, b.version, b.created_at, b.updated_at, c.name AS client_name
    FROM bookings b JOIN clients c ON c.id = b.client_id
    WHERE b.coach_id = ${coachId}
      AND b.starts_at >= now() - make_interval(days => ${daysBack})
      AND b.starts_at < now() + make_interval(days => ${daysAhead})
      AND (b.status IN ('pending', 'accepted')
        OR b.status = 'cancelled' AND EXISTS (SELECT FROM sessions s WHERE s.booking_id = b.id))
    ORDER BY b.starts_at, b.id LIMIT ${limit}`;
