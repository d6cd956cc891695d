import type { BookingAndSession } from "../../domain/lane/answer.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { cancelBooking } from "../bookings/cancel.ts";
import { requireSession } from "./read.ts";

/**
 * Cancels a session with its booking. `If-Match` is about the session here.
 * @throws DomainError as `cancelBooking` does
 */
export const cancelSession = async (
  app: App,
  { ifVersion, ...context }: RequestContext,
  { id, reason }: { id: string; reason?: string | undefined },
): Promise<BookingAndSession> => {
  const { session } = await requireSession(app, context, { id, operation: "session.cancel" });
  return cancelBooking(app, context, { id: session.bookingId, reason, ifSessionVersion: ifVersion });
};
