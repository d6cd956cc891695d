import type { BookingAndSession } from "../../domain/lane/answer.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { runInLane } from "../lanes/run.ts";
import { bookingNeeds, requireBooking } from "./read.ts";

/**
 * Accepts a booking that waits for approval; its session is made.
 * @throws DomainError `not_found`, `forbidden`, `invalid_state`, `version_mismatch`
 */
export const acceptBooking = async (
  app: App,
  context: RequestContext,
  { id }: { id: string },
): Promise<BookingAndSession> => {
  const booking = await requireBooking(app, context, { id, operation: "booking.answer" });
  return runInLane(app, context, {
    request: { kind: "accept", bookingId: id },
    needs: bookingNeeds(booking),
  });
};
