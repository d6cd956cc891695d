import { findBooking } from "../../db/bookings.ts";
import { type Operation, authorise, ownersOf } from "../../domain/access.ts";
import type { Booking } from "../../domain/booking.ts";
import { notFound } from "../../domain/errors.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import type { LaneNeeds } from "../lanes/job.ts";

/** @throws DomainError `not_found`, also for somebody else's booking */
export const readBooking = async (app: App, context: RequestContext, id: string): Promise<Booking> =>
  requireBooking(app, context, { id, operation: "booking.read" });

/**
 * The booking, for who may do this with it.
 * @throws DomainError `not_found`, also for somebody else's booking; `forbidden` when the operation is not theirs
 */
export const requireBooking = async (
  app: App,
  { principal }: Pick<RequestContext, "principal">,
  { id, operation }: { id: string; operation: Operation },
): Promise<Booking> => {
  const booking = await findBooking(app.sql, id);
  if (!booking) throw notFound("booking");
  authorise(principal, operation, { what: "booking", owners: ownersOf(booking) });
  return booking;
};

/** What a change of a booking is decided on. None of these ever changes; the rest is read again in the lane. */
export const bookingNeeds = ({ id, coachId, poolId, sessionTypeId }: Booking): LaneNeeds => ({
  coachIds: [coachId],
  poolId,
  sessionTypeId,
  bookingId: id,
});
