import { endBooking } from "./answer.ts";
import { type Changes, noChanges } from "./changes.ts";
import { endHold } from "./hold.ts";
import type { LaneState } from "./state.ts";

/** Ends the holds and the pending bookings whose deadline has passed, before anything else is decided. */
export const decideLapses = (state: LaneState, lapsedClaims: readonly string[]): Changes => {
  const changes = noChanges();
  const lapsed = new Set(lapsedClaims);
  for (const hold of state.holds.values()) {
    if (hold.claimId !== null && lapsed.has(hold.claimId)) endHold(state, changes, hold, "expired");
  }
  for (const booking of state.bookings.values()) {
    if (booking.claimId === null || !lapsed.has(booking.claimId) || booking.status !== "pending") continue;
    const expired = endBooking(state, changes, booking, "expired");
    changes.outbox.push({ type: "booking.expired", payload: { bookingId: expired.id } });
  }
  return changes;
};
