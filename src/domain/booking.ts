import { DomainError, invalid, invalidState } from "./errors.ts";
import { type Period, minutesBetween, overlaps } from "./time.ts";

export type BookingStatus = "pending" | "accepted" | "declined" | "cancelled" | "expired";

/** A client's request for a coach's time. */
export type Booking = {
  id: string;
  status: BookingStatus;
  coachId: string;
  clientId: string;
  poolId: string | null;
  sessionTypeId: string | null;
  title: string | null;
  startsAt: Date;
  endsAt: Date;
  notes: string | null;
  metadata: Record<string, string>;
  sessionId: string | null;
  version: number;
  createdAt: Date;
  updatedAt: Date;
};

const liveStatuses: readonly BookingStatus[] = ["pending", "accepted"];

/** True while the booking holds its coach's time. */
const isLive = (status: BookingStatus): boolean => liveStatuses.includes(status);

/** The longest that one booking may last. */
const maxBookingMinutes = 24 * 60;

/** What is asked of a coach's calendar. */
export type BookingRequest = { clientId: string; period: Period };

/** A stretch of the coach's time that is taken; with the live booking that took it, if one did. */
export type Claim = { period: Period; booking: { id: string; clientId: string; period: Period } | null };

/** What a decision needs to know of a coach: the claims that touch the requested period, and whether they work. */
export type CoachCalendar = { active: boolean; claims: readonly Claim[] };

export type RefusalReason = "coach_inactive" | "in_the_past" | "taken";

/** `existing` is the same client's booking of exactly this slot: asking twice is no mistake. */
export type BookingDecision =
  | { outcome: "accept" }
  | { outcome: "existing"; bookingId: string }
  | { outcome: "refuse"; reason: RefusalReason };

/**
 * Decides one request against a coach's calendar. Pure: the caller holds the coach's lane, so that the calendar
 * is still true when the decision is written.
 */
export const decideBooking = (
  calendar: CoachCalendar,
  request: BookingRequest,
  now: Date,
): BookingDecision => {
  for (const { booking } of calendar.claims) {
    if (booking && booking.clientId === request.clientId && samePeriod(booking.period, request.period)) {
      return { outcome: "existing", bookingId: booking.id };
    }
  }
  if (!calendar.active) return { outcome: "refuse", reason: "coach_inactive" };
  if (request.period.start < now) return { outcome: "refuse", reason: "in_the_past" };
  const taken = calendar.claims.some((claim) => overlaps(claim.period, request.period));
  return taken ? { outcome: "refuse", reason: "taken" } : { outcome: "accept" };
};

const samePeriod = (a: Period, b: Period): boolean =>
  a.start.getTime() === b.start.getTime() && a.end.getTime() === b.end.getTime();

const refusalSentences: Record<Exclude<RefusalReason, "in_the_past">, string> = {
  coach_inactive: "This coach takes no new bookings.",
  taken: "This time is taken.",
};

/** The error that tells a caller why the time may not be booked. */
export const refusalError = (reason: RefusalReason): DomainError =>
  reason === "in_the_past"
    ? invalid("startsAt", "must not be in the past")
    : new DomainError("conflict", "slot_unavailable", refusalSentences[reason], { facts: { reason } });

/** How a caller says when: a start, and either a length or an end. */
export type RequestedTime = {
  startsAt: Date;
  endsAt?: Date | undefined;
  durationMinutes?: number | undefined;
};

/**
 * The period that a caller asks for.
 * @throws DomainError `invalid_request` when neither or both of end and length are given, when the end is not
 *   after the start, or when it lasts longer than {@link maxBookingMinutes}
 */
export const requestedPeriod = (time: RequestedTime): Period => {
  const { startsAt: start, endsAt, durationMinutes } = time;
  if (endsAt && durationMinutes !== undefined)
    throw invalid("endsAt", "give endsAt or durationMinutes, not both");
  if (!endsAt && durationMinutes === undefined)
    throw invalid("durationMinutes", "give durationMinutes or endsAt");
  const end = endsAt ?? new Date(start.getTime() + (durationMinutes ?? 0) * 60_000);
  const path = endsAt ? "endsAt" : "durationMinutes";
  if (end <= start) throw invalid(path, endsAt ? "must be after startsAt" : "must be at least 1");
  if (minutesBetween(start, end) > maxBookingMinutes) throw invalid(path, "a session lasts 24 hours at most");
  return { start, end };
};

/** @throws DomainError `invalid_state` when the booking has already ended */
export const assertCancellable = (booking: Pick<Booking, "status">): void => {
  if (isLive(booking.status)) return;
  throw invalidState(booking.status, `This booking is ${booking.status}, which is final.`);
};
