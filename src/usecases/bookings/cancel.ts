import type { BookingAndSession } from "../../domain/lane/answer.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { runInLane } from "../lanes/run.ts";
import { bookingNeeds, requireBooking } from "./read.ts";

export type CancelInput = {
  id: string;
  reason?: string | undefined;
  /** The version of the session that the caller saw last, where the session is what they cancel. */
  ifSessionVersion?: number | undefined;
};

/**
 * Cancels a booking with its session, and frees the coach's time. A session in progress tells its room and closes.
 * @throws DomainError `not_found`, `forbidden`, `invalid_state` when either has ended, `too_late` for a client past the
 *   cut-off, `version_mismatch`
 */
export const cancelBooking = async (
  app: App,
  context: RequestContext,
  { id, reason, ifSessionVersion }: CancelInput,
): Promise<BookingAndSession> => {
  const booking = await requireBooking(app, context, { id, operation: "booking.cancel" });
  const result = await runInLane(app, context, {
    request: { kind: "cancel", bookingId: id, reason: reason ?? null, ifSessionVersion },
    needs: bookingNeeds(booking),
  });
  // What presence still knows of the room is stale now; were this to fail, the grace of each person would end it.
  if (result.session) await app.presence.clear(result.session.id).catch(() => {});
  return result;
};
