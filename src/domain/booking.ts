import type { SlotReason } from "./calendar.ts";
import { DomainError, invalid, invalidState } from "./errors.ts";
import type { Assignment } from "./pool.ts";
import { type Period, addMinutes, minutesBetween } from "./time.ts";

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

/** The states in which a booking keeps its coach's time. */
export const liveStatuses: readonly BookingStatus[] = ["pending", "accepted"];

/** True while the booking holds its coach's time. */
export const isLive = (status: BookingStatus): boolean => liveStatuses.includes(status);

/** The longest that one booking may last. */
const maxBookingMinutes = 24 * 60;

/** A booking with what its callers are not told. */
export type BookingRecord = Booking & {
  /** The claim on the coach's time, while the booking is live. */
  claimId: string | null;
  /** The hold that it was made from. */
  holdId: string | null;
  /** How the coach was chosen, where a pool was asked. */
  assignment: Assignment | null;
};

/** What a caller reads of a booking. */
export const bookingOf = (record: BookingRecord): Booking => {
  const { claimId: _claimId, holdId: _holdId, assignment: _assignment, ...booking } = record;
  return booking;
};

const refusalSentences: Record<SlotReason, string> = {
  coach_inactive: "This coach takes no new bookings.",
  in_the_past: "This time has gone by.",
  too_soon: "This is sooner than the notice that is asked for.",
  too_far: "This is further ahead than may be booked.",
  outside_availability: "The coach does not work at this time.",
  external_busy: "The coach is busy elsewhere at this time.",
  daily_limit: "The coach has as many sessions on this day as they take.",
  taken: "This time is taken.",
};

/** What a reason means, as a sentence. */
export const refusalSentence = (reason: SlotReason): string => refusalSentences[reason];

/** The error that tells a caller why the time may not be booked. */
export const refusalError = (reason: SlotReason): DomainError =>
  reason === "in_the_past"
    ? invalid("startsAt", "must not be in the past")
    : slotUnavailable(reason, refusalSentence(reason));

const slotUnavailable = (reason: string, detail: string): DomainError =>
  new DomainError("conflict", "slot_unavailable", detail, { facts: { reason } });

/** The hold kept its time until its deadline, and keeps it no longer. */
export const holdExpired = (): DomainError =>
  slotUnavailable("hold_expired", "This hold has ended and keeps the time no longer.");

/** How a caller says when: a start, and either a length or an end. */
export type RequestedTime = {
  startsAt: Date;
  endsAt?: Date | undefined;
  durationMinutes?: number | undefined;
};

/**
 * The period that a caller asks for.
 * @param typeMinutes the length that a session type sets; then nothing else may
 * @throws DomainError `invalid_request` when not exactly one of end, length and type sets the length, when the end is
 *   not after the start, or when it lasts longer than {@link maxBookingMinutes}
 */
export const requestedPeriod = (time: RequestedTime, typeMinutes: number | null = null): Period => {
  const { startsAt: start, endsAt, durationMinutes } = time;
  if (endsAt && durationMinutes !== undefined)
    throw invalid("endsAt", "give endsAt or durationMinutes, not both");
  const path = endsAt ? "endsAt" : "durationMinutes";
  if (typeMinutes !== null) {
    if (endsAt || durationMinutes !== undefined)
      throw invalid(path, "is set by the session type; leave it out");
    return { start, end: addMinutes(start, typeMinutes) };
  }
  if (!endsAt && durationMinutes === undefined)
    throw invalid("durationMinutes", "give durationMinutes, endsAt or sessionTypeId");
  const end = endsAt ?? addMinutes(start, durationMinutes ?? 0);
  if (end <= start) throw invalid(path, endsAt ? "must be after startsAt" : "must be at least 1");
  if (minutesBetween(start, end) > maxBookingMinutes) throw invalid(path, "a session lasts 24 hours at most");
  return { start, end };
};

/** @throws DomainError `invalid_state` when the booking is in none of these states */
export const assertStatus = (
  booking: Pick<Booking, "status">,
  allowed: readonly BookingStatus[],
  doing: string,
): void => {
  if (allowed.includes(booking.status)) return;
  throw invalidState(booking.status, `A booking that is ${booking.status} cannot be ${doing}.`);
};

/**
 * Refuses a client who is later than the type's cut-off; it binds nobody else.
 * @throws DomainError `too_late`
 */
export const assertBeforeCutoff = (
  startsAt: Date,
  { cutoffMinutes, now, doing }: { cutoffMinutes: number; now: Date; doing: string },
): void => {
  if (now <= addMinutes(startsAt, -cutoffMinutes)) return;
  throw new DomainError(
    "conflict",
    "too_late",
    `This may be ${doing} until ${cutoffMinutes} minutes before its start.`,
  );
};
