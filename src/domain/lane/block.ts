import { invalid, notFound } from "../errors.ts";
import { refusalError } from "../booking.ts";
import { touches, timelineOf } from "../timeline.ts";
import { noChanges } from "./changes.ts";
import type { Decided, Decision } from "./decision.ts";
import type { BlockRequest, UnblockRequest } from "./request.ts";
import { type Claim, addClaim, removeClaim, requireLaneCoach } from "./state.ts";

/** Time that a coach keeps for themselves. */
export type Block = { id: string; coachId: string; startsAt: Date; endsAt: Date; reason: string | null };

/**
 * Decides a block. It needs free time and nothing else: a coach may block any time that has not gone by.
 * @throws DomainError `slot_unavailable` (`taken`), `invalid_request`, `not_found`
 */
export const decideBlock = ({ state, request, newId }: Decision<BlockRequest>): Decided<Block> => {
  const { coachId, startsAt, endsAt, reason } = request;
  const { claims } = requireLaneCoach(state, coachId);
  if (endsAt <= state.now) throw invalid("endsAt", "must not be in the past");
  const taken = { start: startsAt.getTime(), end: endsAt.getTime() };
  if (touches(timelineOf(claims.map((claim) => claim.taken)), taken.start, taken.end))
    throw refusalError("taken");
  const claim: Claim = { id: newId(), coachId, kind: "block", taken, startsAt: null, expiresAt: null };
  const changes = noChanges();
  changes.claimsInserted.push({ ...claim, reason });
  addClaim(state, claim);
  return { changes, result: { id: claim.id, coachId, startsAt, endsAt, reason } };
};

/**
 * Takes a block away.
 * @throws DomainError `not_found`, also for a claim that is no block
 */
export const decideUnblock = ({ state, request }: Decision<UnblockRequest>): Decided<null> => {
  const { claims } = requireLaneCoach(state, request.coachId);
  const block = claims.find(({ id, kind }) => id === request.blockId && kind === "block");
  if (!block) throw notFound("block");
  const changes = noChanges();
  changes.claimsDeleted.push(block.id);
  removeClaim(state, request.coachId, block.id);
  return { changes, result: null };
};
