import type { CoachCalendar } from "../domain/booking.ts";
import type { Period } from "../domain/time.ts";
import type { Sql } from "./client.ts";

/** The class of the advisory locks on coaches, so that no other use of advisory locks meets them. */
const coachLockClass = 7_120;

/**
 * Takes the coach's lane in the database until the transaction ends. Two coaches whose ids share a hash wait for
 * each other, which costs time and nothing else.
 */
export const lockCoachLane = async (sql: Sql, coachId: string): Promise<void> => {
  await sql`SELECT pg_advisory_xact_lock(${coachLockClass}, hashtext(${coachId}))`;
};

type CalendarRow = {
  active: boolean;
  now: Date;
  claims: {
    start: string;
    end: string;
    bookingId: string | null;
    clientId: string | null;
    startsAt: string | null;
    endsAt: string | null;
  }[];
};

/**
 * What a decision about `period` has to know of a coach: the claims that touch it, and the database's time, since
 * the clocks of nodes differ. Null when there is no such coach. Read it under the coach's lane.
 */
export const findCalendar = async (
  sql: Sql,
  coachId: string,
  period: Period,
): Promise<{ calendar: CoachCalendar; now: Date } | null> => {
  const [row] = await sql<CalendarRow[]>`
    SELECT c.active, clock_timestamp() AS now, coalesce(taken.claims, '[]') AS claims
    FROM coaches c, LATERAL (
      SELECT json_agg(json_build_object(
        'start', lower(k.period), 'end', upper(k.period),
        'bookingId', b.id, 'clientId', b.client_id, 'startsAt', b.starts_at, 'endsAt', b.ends_at)) AS claims
      FROM claims k LEFT JOIN bookings b ON b.claim_id = k.id
      WHERE k.coach_id = c.id AND k.period && tstzrange(${period.start}, ${period.end})
    ) taken
    WHERE c.id = ${coachId}`;
  if (!row) return null;
  const claims = row.claims.map((claim) => ({
    period: { start: new Date(claim.start), end: new Date(claim.end) },
    booking:
      claim.bookingId && claim.clientId && claim.startsAt && claim.endsAt
        ? {
            id: claim.bookingId,
            clientId: claim.clientId,
            period: { start: new Date(claim.startsAt), end: new Date(claim.endsAt) },
          }
        : null,
  }));
  return { calendar: { active: row.active, claims }, now: row.now };
};

export const deleteClaim = async (sql: Sql, claimId: string): Promise<void> => {
  await sql`DELETE FROM claims WHERE id = ${claimId}`;
};
