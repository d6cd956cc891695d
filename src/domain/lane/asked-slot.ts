import { requestedPeriod } from "../booking.ts";
import { type SlotCandidate, noRules } from "../calendar.ts";
import { DomainError } from "../errors.ts";
import type { Period } from "../time.ts";
import type { LaneCaller, LaneRequest } from "./request.ts";
import { newPeriodOf } from "./reschedule.ts";
import type { LaneState } from "./state.ts";
import { termsOf } from "./terms.ts";

/**
 * The slot that a request asks for, if it asks for one: what its calendar has to be read for. Null as well for a
 * request that will be refused before it gets to the calendar.
 */
export const askedSlot = (state: LaneState, request: LaneRequest, caller: LaneCaller): SlotCandidate | null =>
  unlessRefused(() => slotOf(state, request, caller));

/** The same for a request without a session type, whose time is in the request itself. */
export const plainSlot = (request: LaneRequest): SlotCandidate | null =>
  unlessRefused(() => {
    if (request.kind === "block") return untyped({ start: request.startsAt, end: request.endsAt });
    if (request.kind === "hold") return untyped(requestedPeriod(request.time));
    if (request.kind !== "book" || request.target.holdId !== undefined || !request.time.startsAt) return null;
    return untyped(requestedPeriod({ ...request.time, startsAt: request.time.startsAt }));
  });

const untyped = ({ start, end }: Period): SlotCandidate => ({
  start: start.getTime(),
  end: end.getTime(),
  rules: noRules,
});

const unlessRefused = <T>(find: () => T): T | null => {
  try {
    return find();
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
  if (request.kind !== "reschedule") return plainSlot(request);
  const booking = state.bookings.get(request.bookingId);
  if (!booking) return null;
  const type = booking.sessionTypeId === null ? null : (state.types.get(booking.sessionTypeId)?.type ?? null);
  const period = newPeriodOf(request, booking, caller.isClient && type !== null);
  return { ...untyped(period), rules: type ?? noRules };
};
