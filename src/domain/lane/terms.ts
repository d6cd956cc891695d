import { type RequestedTime, refusalError, requestedPeriod } from "../booking.ts";
import { type SlotCandidate, bufferedStretch, noRules } from "../calendar.ts";
import { DomainError, invalid, notFound } from "../errors.ts";
import { type Assignment, chooseCoach } from "../pool.ts";
import type { SessionType } from "../session-type.ts";
import type { LaneCaller, LaneTarget } from "./request.ts";
import { type Claim, type ClaimKind, type LaneState, reasonAgainst, requireLaneCoach } from "./state.ts";

/** What is asked of a coach's time: when, and by which type's rules. */
export type Terms = { slot: SlotCandidate; type: SessionType | null };

export type TermsInput = { target: LaneTarget; time: RequestedTime; sessionTypeId: string | null };

/**
 * Reads the terms of a request.
 * @throws DomainError `session_type_required` for a client who leaves the type out where there are any; `not_found`;
 *   `invalid_request`
 */
export const termsOf = (state: LaneState, input: TermsInput, caller: LaneCaller): Terms => {
  const type = input.sessionTypeId === null ? null : requireOffered(state, input.sessionTypeId, input.target);
  if (!type && caller.isClient && offersTypes(state, input.target)) {
    throw new DomainError(
      "invalid",
      "session_type_required",
      "Name one of the session types that are offered here.",
      {
        facts: { errors: [{ path: "sessionTypeId", message: "is required" }] },
      },
    );
  }
  const { start, end } = requestedPeriod(input.time, type?.durationMinutes ?? null);
  return { slot: { start: start.getTime(), end: end.getTime(), rules: type ?? noRules }, type };
};

const requireOffered = (state: LaneState, sessionTypeId: string, target: LaneTarget): SessionType => {
  const found = state.types.get(sessionTypeId);
  if (!found) throw notFound("session type");
  const offered =
    target.poolId === undefined
      ? found.offeringCoachIds.has(target.coachId)
      : found.type.poolIds.includes(target.poolId);
  if (!offered) throw invalid("sessionTypeId", "is not offered here");
  return found.type;
};

const offersTypes = (state: LaneState, { coachId, poolId }: LaneTarget): boolean =>
  (poolId === undefined ? state.coaches.get(coachId) : state.pools.get(poolId))?.offersTypes ?? false;

/** Who takes the session, and how they were chosen if a pool was asked. */
export type Choice = { coachId: string; assignment: Assignment | null };

/**
 * Finds the coach who takes a slot: the one who was asked, or the pool's choice among those who can.
 * @throws DomainError `slot_unavailable` with the reason; for a pool, the reason of the member who came nearest
 */
export const chooseFor = (state: LaneState, target: LaneTarget, slot: SlotCandidate): Choice => {
  if (target.poolId === undefined) {
    const reason = reasonAgainst(state, { coachId: target.coachId, slot });
    if (reason) throw refusalError(reason);
    return { coachId: target.coachId, assignment: null };
  }
  const pool = state.pools.get(target.poolId);
  if (!pool) throw notFound("pool");
  const { assignment, candidates } = chooseCoach(pool.members, (coachId) =>
    reasonAgainst(state, { coachId, slot }),
  );
  if (assignment) return { coachId: assignment.chosen, assignment };
  throw refusalError(nearestReason(candidates.flatMap(({ reason }) => reason ?? [])));
};

/** A pool whose members all object is told by the reason that is easiest to get around. */
const nearestReason = (reasons: readonly Parameters<typeof refusalError>[0][]) =>
  reasons.includes("in_the_past")
    ? "in_the_past"
    : (reasons.find((reason) => reason !== "coach_inactive") ?? "coach_inactive");

/** The claim that a session takes of its coach's time, buffers included. */
export const claimOf = (
  { id, coachId, kind, expiresAt }: { id: string; coachId: string; kind: ClaimKind; expiresAt: Date | null },
  slot: SlotCandidate,
): Claim & { reason: null } => ({
  id,
  coachId,
  kind,
  taken: bufferedStretch(slot),
  startsAt: slot.start,
  expiresAt,
  reason: null,
});

/** @throws DomainError `not_found` */
export const requireTarget = (state: LaneState, target: LaneTarget): void => {
  if (target.poolId === undefined) requireLaneCoach(state, target.coachId);
  else if (!state.pools.has(target.poolId)) throw notFound("pool");
};
