import { DomainError, notFound } from "../errors.ts";
import { type Hold, type HoldRecord, maxOpenHolds } from "../hold.ts";
import { creditsOf } from "../pool.ts";
import { type Changes, changeCredits, noChanges, refundChoice } from "./changes.ts";
import type { Decided, Decision } from "./decision.ts";
import type { HoldRequest, ReleaseRequest } from "./request.ts";
import { type LaneState, addClaim, removeClaim } from "./state.ts";
import { chooseFor, claimOf, requireTarget, termsOf } from "./terms.ts";

/** What a caller reads of a hold. */
export const holdOf = (record: HoldRecord): Hold => {
  const { caller: _caller, claimId: _claimId, assignment: _assignment, ...hold } = record;
  return hold;
};

/**
 * Decides a request for a hold. It lasts as long as asked for, and never past the start of what it holds.
 * @throws DomainError `too_many_holds`, `slot_unavailable` with the reason, `session_type_required`, `not_found`
 */
export const decideHold = (decision: Decision<HoldRequest>): Decided<Hold> => {
  const { state, request, caller, newId } = decision;
  const { target, clientId } = request;
  requireTarget(state, target);
  const { slot, type } = termsOf(state, request, caller);
  const client = clientId === null ? null : state.clients.get(clientId);
  if (client === undefined) throw notFound("client");
  if (client && client.openHolds >= maxOpenHolds) {
    throw new DomainError(
      "conflict",
      "too_many_holds",
      `A client may have ${maxOpenHolds} open holds; release one first.`,
    );
  }
  const choice = chooseFor(state, target, slot);
  const changes = noChanges();
  if (choice.assignment && target.poolId !== undefined) {
    const deltas = creditsOf(choice.assignment);
    changeCredits(decision, changes, { poolId: target.poolId, deltas, chosen: choice.coachId });
  }
  const { now } = state;
  const expiresAt = new Date(Math.min(now.getTime() + request.ttlSeconds * 1000, slot.start));
  const claim = claimOf({ id: newId(), coachId: choice.coachId, kind: "hold", expiresAt }, slot);
  const hold: HoldRecord = {
    id: newId(),
    status: "open",
    coachId: choice.coachId,
    clientId,
    poolId: target.poolId ?? null,
    sessionTypeId: type?.id ?? null,
    startsAt: new Date(slot.start),
    endsAt: new Date(slot.end),
    expiresAt,
    createdAt: now,
    updatedAt: now,
    caller: caller.name,
    claimId: claim.id,
    assignment: choice.assignment,
  };
  changes.claimsInserted.push(claim);
  changes.holdsInserted.push(hold);
  addClaim(state, claim);
  state.holds.set(hold.id, hold);
  if (client) client.openHolds += 1;
  return { changes, result: holdOf(hold) };
};

/**
 * Lets go of a hold before its deadline; of one that has ended, nothing is left to let go of.
 * @throws DomainError `not_found`
 */
export const decideRelease = ({ state, request }: Decision<ReleaseRequest>): Decided<Hold> => {
  const hold = state.holds.get(request.holdId);
  if (!hold) throw notFound("hold");
  const changes = noChanges();
  return {
    changes,
    result: holdOf(hold.status === "open" ? endHold(state, changes, hold, "released") : hold),
  };
};

/** Ends an open hold: its claim goes, and a pool's choice is taken back. */
export const endHold = (
  state: LaneState,
  changes: Changes,
  hold: HoldRecord,
  status: "released" | "expired",
): HoldRecord => {
  if (hold.claimId !== null) {
    changes.claimsDeleted.push(hold.claimId);
    removeClaim(state, hold.coachId, hold.claimId);
  }
  const ended: HoldRecord = { ...hold, status, claimId: null, updatedAt: state.now };
  changes.holdsUpdated.push(ended);
  state.holds.set(hold.id, ended);
  refundChoice(state, changes, hold);
  const client = hold.clientId === null ? undefined : state.clients.get(hold.clientId);
  if (client) client.openHolds -= 1;
  return ended;
};
