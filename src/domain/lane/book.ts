import {
  type Booking,
  type BookingRecord,
  type RequestedTime,
  bookingOf,
  holdExpired,
  isLive,
} from "../booking.ts";
import type { Client } from "../client.ts";
import { type SlotCandidate, noRules } from "../calendar.ts";
import { invalid, notFound } from "../errors.ts";
import type { HoldRecord } from "../hold.ts";
import { creditsOf } from "../pool.ts";
import type { SessionType } from "../session-type.ts";
import type { Session } from "../session.ts";
import { addMinutes } from "../time.ts";
import { type Changes, appendEvent, changeCredits, noChanges } from "./changes.ts";
import type { Decided, Decision } from "./decision.ts";
import type { BookRequest, LaneTarget } from "./request.ts";
import { type LaneState, addClaim } from "./state.ts";
import { type Choice, chooseFor, claimOf, requireTarget, termsOf } from "./terms.ts";

/** `created` is false when the client already had exactly this slot: then it is the booking that stands. */
export type BookResult = { booking: Booking; session: Session | null; created: boolean };

/** What a new booking is made of, wherever its time comes from. */
type Draft = {
  client: Client;
  slot: SlotCandidate;
  type: SessionType | null;
  choice: Choice;
  poolId: string | null;
  hold: HoldRecord | null;
};

/**
 * Decides a request for a booking, from a hold or on the spot.
 * @throws DomainError `slot_unavailable` with the reason, `session_type_required`, `invalid_request`, `not_found`
 */
export const decideBook = (decision: Decision<BookRequest>): Decided<BookResult> => {
  const { target } = decision.request;
  return target.holdId === undefined
    ? decideOnTheSpot(decision, target)
    : decideFromHold(decision, target.holdId);
};

const decideOnTheSpot = (decision: Decision<BookRequest>, target: LaneTarget): Decided<BookResult> => {
  const { state, request, caller } = decision;
  requireTarget(state, target);
  const changes = noChanges();
  const { startsAt } = request.time;
  if (!startsAt) throw invalid("startsAt", "is required");
  const time: RequestedTime = { ...request.time, startsAt };
  const { slot, type } = termsOf(state, { target, time, sessionTypeId: request.sessionTypeId }, caller);
  const client = resolveClient(decision, changes);
  const existing = findSame(state, { client, slot, target });
  if (existing) return standing(state, existing);
  const choice = chooseFor(state, target, slot);
  if (choice.assignment && target.poolId !== undefined) {
    changeCredits(decision, changes, {
      poolId: target.poolId,
      deltas: creditsOf(choice.assignment),
      chosen: choice.coachId,
    });
  }
  return make(decision, changes, { client, slot, type, choice, poolId: target.poolId ?? null, hold: null });
};

/** With a hold, coach, time and type are the hold's; the time is the caller's already, so no rule is asked again. */
const decideFromHold = (decision: Decision<BookRequest>, holdId: string): Decided<BookResult> => {
  const { state, request } = decision;
  const hold = state.holds.get(holdId);
  if (!hold) throw notFound("hold");
  assertSameTerms(request, hold);
  const changes = noChanges();
  const client = resolveClient(decision, changes, hold.clientId);
  if (hold.clientId !== null && hold.clientId !== client.id)
    throw invalid("clientId", "differs from the hold's");
  const made = [...state.bookings.values()].find((booking) => booking.holdId === hold.id);
  if (made && isLive(made.status) && made.clientId === client.id) return standing(state, made);
  if (hold.status !== "open") throw holdExpired();
  const type = hold.sessionTypeId === null ? null : (state.types.get(hold.sessionTypeId)?.type ?? null);
  const slot = { start: hold.startsAt.getTime(), end: hold.endsAt.getTime(), rules: type ?? noRules };
  const choice = { coachId: hold.coachId, assignment: hold.assignment };
  return make(decision, changes, { client, slot, type, choice, poolId: hold.poolId, hold });
};

const assertSameTerms = ({ time, sessionTypeId }: BookRequest, hold: HoldRecord): void => {
  const differs = (path: string) => invalid(path, "differs from the hold's; leave it out");
  if (time.startsAt && time.startsAt.getTime() !== hold.startsAt.getTime()) throw differs("startsAt");
  if (time.endsAt && time.endsAt.getTime() !== hold.endsAt.getTime()) throw differs("endsAt");
  const minutes = (hold.endsAt.getTime() - hold.startsAt.getTime()) / 60_000;
  if (time.durationMinutes !== undefined && time.durationMinutes !== minutes)
    throw differs("durationMinutes");
  if (sessionTypeId !== null && sessionTypeId !== hold.sessionTypeId) throw differs("sessionTypeId");
};

/** The client of a request; one who is not known yet is made with the booking, or not at all. */
const resolveClient = (
  { state, request, newId }: Decision<BookRequest>,
  changes: Changes,
  heldFor: string | null = null,
): Client => {
  const given = request.client ?? (heldFor === null ? null : { id: heldFor });
  if (!given) throw invalid("clientId", "give clientId or client");
  if ("id" in given) {
    const known = state.clients.get(given.id);
    if (!known) throw notFound("client");
    return known.client;
  }
  const { name, email, externalId } = given.inline;
  const all = [...state.clients.values()].map(({ client }) => client);
  const found =
    (externalId === undefined ? undefined : all.find((client) => client.externalId === externalId)) ??
    (email === undefined
      ? undefined
      : all
          .filter((client) => client.email?.toLowerCase() === email.toLowerCase())
          .sort((a, b) => (a.id < b.id ? -1 : 1))[0]);
  if (found) return found;
  // A client who says nothing of their zone most likely shares their coach's.
  const timeZone = [...state.coaches.values()].find(({ coach }) => coach.id === coachNear(request))?.coach
    .timeZone;
  const made = { id: newId(), name, timeZone: timeZone ?? "UTC", email, externalId };
  changes.clients.push(made);
  const client: Client = {
    ...made,
    email: email ?? null,
    externalId: externalId ?? null,
    version: 1,
    createdAt: state.now,
    updatedAt: state.now,
  };
  return client;
};

const coachNear = ({ target }: BookRequest): string | undefined => target.coachId;

/** The live booking of the same client, for the same time and the same coach or pool. */
const findSame = (
  state: LaneState,
  { client, slot, target }: { client: Client; slot: SlotCandidate; target: LaneTarget },
): BookingRecord | undefined =>
  [...state.bookings.values()].find(
    (booking) =>
      isLive(booking.status) &&
      booking.clientId === client.id &&
      booking.startsAt.getTime() === slot.start &&
      booking.endsAt.getTime() === slot.end &&
      (target.poolId === undefined ? booking.coachId === target.coachId : booking.poolId === target.poolId),
  );

const standing = (state: LaneState, booking: BookingRecord): Decided<BookResult> => ({
  changes: noChanges(),
  result: { booking: bookingOf(booking), session: sessionOf(state, booking), created: false },
});

const sessionOf = (state: LaneState, { sessionId }: BookingRecord): Session | null =>
  sessionId === null ? null : (state.sessions.get(sessionId) ?? null);

const make = (decision: Decision<BookRequest>, changes: Changes, draft: Draft): Decided<BookResult> => {
  const { state, request, newId } = decision;
  const { client, slot, type, choice, poolId, hold } = draft;
  const { now } = state;
  const startsAt = new Date(slot.start);
  const status = type?.requiresApproval ? "pending" : "accepted";
  const claimId = hold?.claimId ?? newId();
  const booking: BookingRecord = {
    id: newId(),
    status,
    coachId: choice.coachId,
    clientId: client.id,
    poolId,
    sessionTypeId: type?.id ?? null,
    title: request.title,
    startsAt,
    endsAt: new Date(slot.end),
    notes: request.notes,
    metadata: request.metadata,
    sessionId: null,
    version: 1,
    createdAt: now,
    updatedAt: now,
    claimId,
    holdId: hold?.id ?? null,
    assignment: choice.assignment,
  };
  const expiresAt = status === "pending" && type ? approvalDeadline(startsAt, now, type) : null;
  if (hold) {
    changes.claimsKept.push({ id: claimId, kind: "booking", expiresAt });
    const converted: HoldRecord = { ...hold, status: "converted", claimId: null, updatedAt: now };
    changes.holdsUpdated.push(converted);
    state.holds.set(hold.id, converted);
  } else {
    const claim = claimOf({ id: claimId, coachId: choice.coachId, kind: "booking", expiresAt }, slot);
    changes.claimsInserted.push(claim);
    addClaim(state, claim);
  }
  if (!state.clients.has(client.id)) state.clients.set(client.id, { client, openHolds: 0 });
  if (status === "accepted") return accepted(decision, changes, booking);
  changes.bookingsInserted.push(booking);
  changes.outbox.push({ type: "booking.requested", payload: { bookingId: booking.id } });
  state.bookings.set(booking.id, booking);
  return { changes, result: { booking: bookingOf(booking), session: null, created: true } };
};

const accepted = (
  decision: Decision<BookRequest>,
  changes: Changes,
  draft: BookingRecord,
): Decided<BookResult> => {
  const { booking, session } = scheduleSession(decision, changes, draft);
  changes.bookingsInserted.push(booking);
  return { changes, result: { booking: bookingOf(booking), session, created: true } };
};

/** A coach answers in time, or before the session would begin. */
const approvalDeadline = (startsAt: Date, now: Date, type: SessionType): Date => {
  const deadline = addMinutes(now, type.approvalDeadlineMinutes);
  return deadline < startsAt ? deadline : startsAt;
};

/** Makes the session of a booking that is accepted, with the first event of its log. */
export const scheduleSession = (
  { state, caller, newId }: Pick<Decision<unknown>, "state" | "caller" | "newId">,
  changes: Changes,
  booking: BookingRecord,
): { booking: BookingRecord; session: Session } => {
  const made: Session = {
    id: newId(),
    bookingId: booking.id,
    status: "scheduled",
    coachId: booking.coachId,
    clientId: booking.clientId,
    startsAt: booking.startsAt,
    endsAt: booking.endsAt,
    startedAt: null,
    endedAt: null,
    endReason: null,
    absent: null,
    participantCount: 0,
    lastSeq: 0,
    version: 1,
    createdAt: state.now,
    updatedAt: state.now,
  };
  const session = appendEvent(changes, made, {
    type: "session:scheduled",
    actor: caller.actor,
    data: { session: made },
  });
  changes.sessionsInserted.push(session);
  state.sessions.set(session.id, session);
  const withSession = { ...booking, sessionId: session.id };
  state.bookings.set(booking.id, withSession);
  changes.outbox.push({
    type: "booking.accepted",
    payload: { bookingId: booking.id, sessionId: session.id },
  });
  return { booking: withSession, session };
};
