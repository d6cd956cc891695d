import { findBooking, findBookingForUpdate, updateBookingEnded } from "../../db/bookings.ts";
import { deleteClaim, lockCoachLane } from "../../db/claims.ts";
import { findSession, findSessionForUpdate } from "../../db/sessions.ts";
import { authorise, ownersOf } from "../../domain/access.ts";
import { type Booking, assertCancellable } from "../../domain/booking.ts";
import { notFound } from "../../domain/errors.ts";
import type { Session } from "../../domain/session.ts";
import type { App, RequestContext } from "../app.ts";
import { closeRoom } from "../sessions/close.ts";
import { type Transaction, assertVersion, transact } from "../transaction.ts";

export type CancelInput = { id: string; reason?: string | undefined };

/**
 * Cancels a booking with its session, and frees the coach's time. A session in progress tells its room and closes.
 * @throws DomainError `not_found`, `forbidden`, `invalid_state` when either has ended, `version_mismatch`
 */
export const cancelBooking = async (
  app: App,
  context: RequestContext,
  input: CancelInput,
): Promise<{ booking: Booking; session: Session | null }> => {
  const found = await findBooking(app.sql, input.id);
  if (!found) throw notFound("booking");
  authorise(context.principal, "booking.cancel", { what: "booking", owners: ownersOf(found) });
  const result = await app.lanes.run(found.coachId, () =>
    transact(app, context, async (transaction) => {
      await lockCoachLane(transaction.sql, found.coachId);
      return cancelInLane(transaction, context, input);
    }),
  );
  if (result.session) await app.presence.clear(result.session.id).catch(() => {});
  return result;
};

const cancelInLane = async (
  transaction: Transaction,
  context: RequestContext,
  { id, reason }: CancelInput,
): Promise<{ booking: Booking; session: Session | null }> => {
  const { sql } = transaction;
  const locked = await findBookingForUpdate(sql, id);
  if (!locked) throw notFound("booking");
  assertVersion(context, locked.booking.version);
  assertCancellable(locked.booking);
  const { sessionId } = locked.booking;
  const held = sessionId ? await findSessionForUpdate(sql, sessionId) : null;
  if (held) await closeRoom(transaction, context, { ...held, transition: "cancel", reason: reason ?? null });
  await updateBookingEnded(sql, id, "cancelled");
  if (locked.claimId) await deleteClaim(sql, locked.claimId);
  await transaction.appendOutbox({
    type: "booking.cancelled",
    payload: { bookingId: id, ...(sessionId ? { sessionId } : {}) },
  });
  const booking = await findBooking(sql, id);
  if (!booking) throw notFound("booking");
  return { booking, session: sessionId ? await findSession(sql, sessionId) : null };
};
