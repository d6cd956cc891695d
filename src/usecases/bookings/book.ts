import { findBooking, insertAcceptedBooking } from "../../db/bookings.ts";
import { findCalendar, lockCoachLane } from "../../db/claims.ts";
import { findClientByEmail, insertClient } from "../../db/clients.ts";
import { findSession } from "../../db/sessions.ts";
import { authorise } from "../../domain/access.ts";
import {
  type Booking,
  type RequestedTime,
  decideBooking,
  refusalError,
  requestedPeriod,
} from "../../domain/booking.ts";
import type { Client } from "../../domain/client.ts";
import type { Coach } from "../../domain/coach.ts";
import { forbidden, invalid, notFound } from "../../domain/errors.ts";
import { type Principal, actorOf } from "../../domain/principal.ts";
import type { Session } from "../../domain/session.ts";
import type { Period } from "../../domain/time.ts";
import type { App, RequestContext } from "../app.ts";
import { externalPrefix, findClientByRef, requireClient, requireCoach } from "../references.ts";
import { type Transaction, transact } from "../transaction.ts";

/** A client who may not be known yet: found by `externalId`, else by mail, else made. */
export type InlineClient = { name: string; email?: string | undefined; externalId?: string | undefined };

export type BookInput = RequestedTime & {
  coachId: string;
  clientId?: string | undefined;
  client?: InlineClient | undefined;
  title?: string | undefined;
  notes?: string | undefined;
  metadata?: Record<string, string> | undefined;
};

/** `created` is false when the client already had exactly this slot: then it is the booking that stands. */
export type BookResult = { booking: Booking; session: Session | null; created: boolean };

/**
 * Books a coach's time, accepted at once: claim, booking, session, first event and outbox entry are one
 * transaction in the coach's lane.
 * @throws DomainError `slot_unavailable` with the reason, `invalid_request`, `not_found`, `forbidden`
 */
export const bookSession = async (
  app: App,
  context: RequestContext,
  input: BookInput,
): Promise<BookResult> => {
  const period = requestedPeriod(input);
  const coach = await requireCoach(app.sql, input.coachId);
  const known = await findKnownClient(app, context.principal, input);
  authoriseBooking(context.principal, coach, known);
  return app.lanes.run(coach.id, () =>
    transact(app, context, async (transaction) => {
      await lockCoachLane(transaction.sql, coach.id);
      const client = known ?? (await findOrInsertClient(app, transaction, { input, coach }));
      return decideAndWrite(app, { transaction, context }, { coach, client, period, input });
    }),
  );
};

/** The client as far as they are known before the transaction; null for an inline client. */
const findKnownClient = async (app: App, principal: Principal, input: BookInput): Promise<Client | null> => {
  if (input.clientId !== undefined && input.client)
    throw invalid("client", "give clientId or client, not both");
  if (input.clientId !== undefined) return requireClient(app.sql, input.clientId);
  if (principal.kind === "user" && principal.role === "client") {
    if (input.client) throw forbidden("A client books as themselves.");
    return requireClient(app.sql, principal.id);
  }
  if (!input.client) throw invalid("clientId", "give clientId or client");
  return null;
};

const authoriseBooking = (principal: Principal, coach: Coach, client: Client | null): void => {
  // Whose booking it is depends on the asker, so the refusal must name the half that they do not own.
  const what = principal.kind === "user" && principal.role === "client" ? "client" : "coach";
  authorise(principal, "booking.create", {
    what,
    owners: { coachId: coach.id, clientId: client?.id ?? null },
  });
};

const findOrInsertClient = async (
  app: App,
  { sql }: Transaction,
  { input, coach }: { input: BookInput; coach: Coach },
): Promise<Client> => {
  const { name, email, externalId } = input.client ?? {};
  if (name === undefined) throw notFound("client");
  const byExternalId =
    externalId === undefined ? null : await findClientByRef(sql, `${externalPrefix}${externalId}`);
  const found = byExternalId ?? (email === undefined ? null : await findClientByEmail(sql, email));
  if (found) return found;
  // A client who says nothing of their zone most likely shares their coach's.
  return insertClient(sql, {
    id: app.newId(),
    name,
    timeZone: coach.timeZone,
    email,
    externalId,
  });
};

type Request = { coach: Coach; client: Client; period: Period; input: BookInput };

const decideAndWrite = async (
  app: App,
  { transaction, context }: { transaction: Transaction; context: RequestContext },
  { coach, client, period, input }: Request,
): Promise<BookResult> => {
  const { sql } = transaction;
  const found = await findCalendar(sql, coach.id, period);
  if (!found) throw notFound("coach");
  const decision = decideBooking(found.calendar, { clientId: client.id, period }, found.now);
  if (decision.outcome === "existing")
    return { ...(await readBoth(transaction, decision.bookingId)), created: false };
  if (decision.outcome === "refuse") throw refusalError(decision.reason);
  const ids = { id: app.newId(), claimId: app.newId(), sessionId: app.newId() };
  const inserted = await insertAcceptedBooking(sql, {
    ...ids,
    coachId: coach.id,
    clientId: client.id,
    startsAt: period.start,
    endsAt: period.end,
    title: input.title ?? null,
    notes: input.notes ?? null,
    metadata: input.metadata ?? {},
  });
  if (!inserted) throw refusalError("taken");
  const { booking, session } = await readBoth(transaction, ids.id);
  if (!session) throw new Error("an accepted booking has its session in the same statement");
  const [scheduled] = await Promise.all([
    transaction.appendEvents(session, [
      { type: "session:scheduled", actor: actorOf(context.principal), data: { session } },
    ]),
    transaction.appendOutbox({
      type: "booking.accepted",
      payload: { bookingId: booking.id, sessionId: session.id },
    }),
  ]);
  return { booking, session: scheduled, created: true };
};

const readBoth = async (
  { sql }: Transaction,
  bookingId: string,
): Promise<{ booking: Booking; session: Session | null }> => {
  const booking = await findBooking(sql, bookingId);
  if (!booking) throw notFound("booking");
  return { booking, session: booking.sessionId ? await findSession(sql, booking.sessionId) : null };
};
