import type { BookingAndSession } from "../../domain/lane/answer.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { runInLane } from "../lanes/run.ts";
import { bookingNeeds, requireBooking } from "./read.ts";

/**
 * Declines a booking that waits for approval, which frees the coach's time.
 * @throws DomainError `not_found`, `forbidden`, `invalid_state`, `version_mismatch`
 */
export const declineBooking = async (
  app: App,
  context: RequestContext,
  { id, reason }: { id: string; reason?: string | undefined },
): Promise<BookingAndSession> => {
  const booking = await requireBooking(app, context, { id, operation: "booking.answer" });
  return runInLane(app, context, {
    request: { kind: "decline", bookingId: id, reason: reason ?? null },
    needs: bookingNeeds(booking),
  });
};
