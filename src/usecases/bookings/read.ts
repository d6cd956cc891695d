import { findBooking } from "../../db/bookings.ts";
import { authorise, ownersOf } from "../../domain/access.ts";
import type { Booking } from "../../domain/booking.ts";
import { notFound } from "../../domain/errors.ts";
import type { App, RequestContext } from "../app.ts";

/** @throws DomainError `not_found`, also for somebody else's booking */
export const readBooking = async (app: App, context: RequestContext, id: string): Promise<Booking> => {
  const booking = await findBooking(app.sql, id);
  if (!booking) throw notFound("booking");
  authorise(context.principal, "booking.read", { what: "booking", owners: ownersOf(booking) });
  return booking;
};
