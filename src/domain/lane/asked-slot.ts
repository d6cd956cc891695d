import type { SlotCandidate } from "../calendar.ts";
import { noRules } from "../calendar.ts";
import { DomainError } from "../errors.ts";
import type { LaneCaller, LaneRequest } from "./request.ts";
import { newPeriodOf } from "./reschedule.ts";
import type { LaneState } from "./state.ts";
import { termsOf } from "./terms.ts";

/**
 * The slot that a request asks for, if it asks for one: what its calendar has to be read for. Null as well for a
 * request that will be refused before it gets to the calendar.
 */
export const askedSlot = (
  state: LaneState,
  request: LaneRequest,
  caller: LaneCaller,
): SlotCandidate | null => {
  try {
    return slotOf(state, request, caller);
  } catch (error) {
    if (error instanceof DomainError) return null;
    throw error;
  }
};

const slotOf = (state: LaneState, request: LaneRequest, caller: LaneCaller): SlotCandidate | null => {
  if (request.kind === "hold") return termsOf(state, request, caller).slot;
  if (request.kind === "book") {
    const { target, time, sessionTypeId } = request;
    if (target.holdId !== undefined || !time.startsAt) return null;
    return termsOf(state, { target, time: { ...time, startsAt: time.startsAt }, sessionTypeId }, caller).slot;
  }
  if (request.kind === "block")
    return { start: request.startsAt.getTime(), end: request.endsAt.getTime(), rules: noRules };
  if (request.kind !== "reschedule") return null;
  const booking = state.bookings.get(request.bookingId);
  if (!booking) return null;
  const type = booking.sessionTypeId === null ? null : (state.types.get(booking.sessionTypeId)?.type ?? null);
  const { start, end } = newPeriodOf(request, booking, caller.isClient && type !== null);
  return { start: start.getTime(), end: end.getTime(), rules: type ?? noRules };
};
