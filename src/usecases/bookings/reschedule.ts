import type { BookingAndSession } from "../../domain/lane/answer.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { runInLane } from "../lanes/run.ts";
import { bookingNeeds, requireBooking } from "./read.ts";

export type RescheduleInput = {
  id: string;
  startsAt: Date;
  endsAt?: Date | undefined;
  durationMinutes?: number | undefined;
};

/**
 * Moves a booking and its session to another time of the same coach. Without a new length it keeps its own.
 * @throws DomainError `not_found`, `forbidden`, `slot_unavailable` with the reason, `invalid_state`, `invalid_request`,
 *   `version_mismatch`; for a client `too_late` and `needs_approval`
 */
export const rescheduleBooking = async (
  app: App,
  context: RequestContext,
  { id, ...time }: RescheduleInput,
): Promise<BookingAndSession> => {
  const booking = await requireBooking(app, context, { id, operation: "booking.reschedule" });
  return runInLane(app, context, {
    request: { kind: "reschedule", bookingId: id, ...time },
    needs: bookingNeeds(booking),
  });
};
