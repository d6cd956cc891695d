import { type Booking, type BookingRecord, assertStatus, bookingOf } from "../booking.ts";
import { notFound } from "../errors.ts";
import type { Session } from "../session.ts";
import { scheduleSession } from "./book.ts";
import { type Changes, noChanges, refundChoice } from "./changes.ts";
import { type Decided, type Decision, assertLaneVersion } from "./decision.ts";
import type { AcceptRequest, DeclineRequest } from "./request.ts";
import { type LaneState, removeClaim } from "./state.ts";

/** A booking, and its session if it has one. */
export type BookingAndSession = { booking: Booking; session: Session | null };

/** @throws DomainError `not_found` */
export const requireBooking = (state: LaneState, id: string): BookingRecord => {
  const booking = state.bookings.get(id);
  if (!booking) throw notFound("booking");
  return booking;
};

/**
 * Accepts a booking that waits for approval: its claim loses its deadline, its session is made.
 * @throws DomainError `not_found`, `invalid_state`, `version_mismatch`
 */
export const decideAccept = (decision: Decision<AcceptRequest>): Decided<BookingAndSession> => {
  const { state, request } = decision;
  const pending = requireBooking(state, request.bookingId);
  assertLaneVersion(decision, pending.version);
  assertStatus(pending, ["pending"], "accepted");
  const changes = noChanges();
  const { booking, session } = scheduleSession(decision, changes, {
    ...pending,
    status: "accepted",
    version: pending.version + 1,
    updatedAt: state.now,
  });
  if (booking.claimId !== null)
    changes.claimsKept.push({ id: booking.claimId, kind: "booking", expiresAt: null });
  changes.bookingsUpdated.push(booking);
  return { changes, result: { booking: bookingOf(booking), session } };
};

/**
 * Declines a booking that waits for approval, which frees the coach's time.
 * @throws DomainError `not_found`, `invalid_state`, `version_mismatch`
 */
export const decideDecline = (decision: Decision<DeclineRequest>): Decided<BookingAndSession> => {
  const { state, request } = decision;
  const pending = requireBooking(state, request.bookingId);
  assertLaneVersion(decision, pending.version);
  assertStatus(pending, ["pending"], "declined");
  const changes = noChanges();
  const booking = endBooking(state, changes, pending, "declined");
  changes.outbox.push({
    type: "booking.declined",
    payload: { bookingId: booking.id, ...(request.reason === null ? {} : { reason: request.reason }) },
  });
  return { changes, result: { booking: bookingOf(booking), session: null } };
};

/** Ends a live booking: its claim goes, and a pool's choice is taken back. */
export const endBooking = (
  state: LaneState,
  changes: Changes,
  booking: BookingRecord,
  status: "declined" | "cancelled" | "expired",
): BookingRecord => {
  if (booking.claimId !== null) {
    changes.claimsDeleted.push(booking.claimId);
    removeClaim(state, booking.coachId, booking.claimId);
  }
  const ended: BookingRecord = {
    ...booking,
    status,
    claimId: null,
    version: booking.version + 1,
    updatedAt: state.now,
  };
  changes.bookingsUpdated.push(ended);
  state.bookings.set(ended.id, ended);
  refundChoice(state, changes, booking);
  return ended;
};
