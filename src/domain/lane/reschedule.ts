import { assertBeforeCutoff, assertStatus, bookingOf, refusalError, requestedPeriod } from "../booking.ts";
import { noRules } from "../calendar.ts";
import { DomainError, invalid, invalidState } from "../errors.ts";
import type { SessionType } from "../session-type.ts";
import { addMinutes, minutesBetween, type Period } from "../time.ts";
import { type BookingAndSession, requireBooking } from "./answer.ts";
import { appendEvent, noChanges } from "./changes.ts";
import { type Decided, type Decision, assertLaneVersion } from "./decision.ts";
import type { RescheduleRequest } from "./request.ts";
import { addClaim, reasonAgainst, removeClaim } from "./state.ts";
import { claimOf } from "./terms.ts";

/**
 * Moves an accepted booking, its claim and its session to another time of the same coach. To its own time nothing
 * changes.
 * @throws DomainError `slot_unavailable` with the reason, `invalid_state`, `needs_approval`, `too_late`,
 *   `invalid_request`, `version_mismatch`, `not_found`
 */
export const decideReschedule = (decision: Decision<RescheduleRequest>): Decided<BookingAndSession> => {
  const { state, request, caller, newId } = decision;
  const booking = requireBooking(state, request.bookingId);
  assertLaneVersion(decision, booking.version);
  assertStatus(booking, ["accepted"], "moved");
  const session = booking.sessionId === null ? undefined : state.sessions.get(booking.sessionId);
  if (!session || booking.claimId === null) throw new Error("an accepted booking has a session and a claim");
  if (session.status !== "scheduled")
    throw invalidState(session.status, `A session that is ${session.status} cannot be moved.`);
  const type = booking.sessionTypeId === null ? null : (state.types.get(booking.sessionTypeId)?.type ?? null);
  if (caller.isClient && type) assertClientMayMove(booking.startsAt, type, state.now);
  const period = newPeriodOf(request, booking, caller.isClient && type !== null);
  if (
    period.start.getTime() === booking.startsAt.getTime() &&
    period.end.getTime() === booking.endsAt.getTime()
  )
    return { changes: noChanges(), result: { booking: bookingOf(booking), session } };

  const slot = { start: period.start.getTime(), end: period.end.getTime(), rules: type ?? noRules };
  const reason = reasonAgainst(state, { coachId: booking.coachId, slot, without: booking.claimId });
  if (reason) throw refusalError(reason);

  const changes = noChanges();
  const claim = claimOf({ id: newId(), coachId: booking.coachId, kind: "booking", expiresAt: null }, slot);
  changes.claimsDeleted.push(booking.claimId);
  changes.claimsInserted.push(claim);
  removeClaim(state, booking.coachId, booking.claimId);
  addClaim(state, claim);
  const { now } = state;
  const time = { startsAt: period.start, endsAt: period.end, updatedAt: now };
  const moved = { ...booking, ...time, claimId: claim.id, version: booking.version + 1 };
  const movedSession = { ...session, ...time, version: session.version + 1 };
  const told = appendEvent(changes, movedSession, {
    type: "session:rescheduled",
    actor: caller.actor,
    data: { session: movedSession },
  });
  changes.bookingsUpdated.push(moved);
  changes.sessionsMoved.push(told);
  changes.outbox.push({
    type: "booking.rescheduled",
    payload: { bookingId: booking.id, sessionId: session.id },
  });
  state.bookings.set(moved.id, moved);
  state.sessions.set(told.id, told);
  return { changes, result: { booking: bookingOf(moved), session: told } };
};

const assertClientMayMove = (startsAt: Date, type: SessionType, now: Date): void => {
  if (type.requiresApproval) {
    throw new DomainError(
      "conflict",
      "needs_approval",
      "Every time of this session type is approved by the coach: cancel, and ask for the new time.",
    );
  }
  assertBeforeCutoff(startsAt, { cutoffMinutes: type.rescheduleCutoffMinutes, now, doing: "moved" });
};

/** The length stays unless another one is given, which a client's typed booking does not take. */
export const newPeriodOf = (
  { startsAt, endsAt, durationMinutes }: RescheduleRequest,
  was: { startsAt: Date; endsAt: Date },
  keepsLength: boolean,
): Period => {
  const length = minutesBetween(was.startsAt, was.endsAt);
  if (!endsAt && durationMinutes === undefined) return { start: startsAt, end: addMinutes(startsAt, length) };
  const period = requestedPeriod({ startsAt, endsAt, durationMinutes });
  if (keepsLength && minutesBetween(period.start, period.end) !== length)
    throw invalid(endsAt ? "endsAt" : "durationMinutes", "must keep the length of the session type");
  return period;
};
