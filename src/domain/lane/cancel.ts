import { assertBeforeCutoff, assertStatus, bookingOf, liveStatuses } from "../booking.ts";
import { nextStatus } from "../session.ts";
import { type BookingAndSession, endBooking, requireBooking } from "./answer.ts";
import { noChanges } from "./changes.ts";
import { type Decided, type Decision, assertLaneVersion } from "./decision.ts";
import type { CancelRequest } from "./request.ts";

/**
 * Cancels a booking with its session, and frees the coach's time. The session that the result tells is the one
 * before its room has been closed, which is written after.
 * @throws DomainError `not_found`, `invalid_state` when either has ended, `too_late`, `version_mismatch`
 */
export const decideCancel = (decision: Decision<CancelRequest>): Decided<BookingAndSession> => {
  const { state, request, caller } = decision;
  const live = requireBooking(state, request.bookingId);
  assertLaneVersion(decision, live.version);
  assertStatus(live, liveStatuses, "cancelled");
  const session = live.sessionId === null ? null : (state.sessions.get(live.sessionId) ?? null);
  if (session) assertLaneVersion({ ifVersion: request.ifSessionVersion }, session.version);
  const status = session ? nextStatus(session.status, "cancel") : null;
  const type = live.sessionTypeId === null ? null : (state.types.get(live.sessionTypeId)?.type ?? null);
  if (caller.isClient && type) {
    const { cancelCutoffMinutes: cutoffMinutes } = type;
    assertBeforeCutoff(live.startsAt, { cutoffMinutes, now: state.now, doing: "cancelled" });
  }
  const changes = noChanges();
  const booking = endBooking(state, changes, live, "cancelled");
  if (session && status) {
    changes.sessionsCancelled.push({ session, at: state.now, reason: request.reason });
    state.sessions.set(session.id, { ...session, status });
  }
  changes.outbox.push({
    type: "booking.cancelled",
    payload: {
      bookingId: booking.id,
      ...(session ? { sessionId: session.id } : {}),
      ...(request.reason === null ? {} : { reason: request.reason }),
    },
  });
  return { changes, result: { booking: bookingOf(booking), session } };
};
