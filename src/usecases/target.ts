import type { Sql } from "../db/client.ts";
import { findPool, listPoolMembers } from "../db/pools.ts";
import { refusalError } from "../domain/booking.ts";
import { invalid, notFound } from "../domain/errors.ts";
import type { LaneTarget } from "../domain/lane/request.ts";
import { coachIdOf } from "./references.ts";

/** Whose time a caller asks for: a coach's, or that of any coach of a pool. */
export type TargetInput = { coachId?: string | undefined; poolId?: string | undefined };

/**
 * Finds whose time is meant.
 * @returns the target, and every coach whose time it may come to
 * @throws DomainError `not_found`, `invalid_request`, `slot_unavailable` for a pool without members
 */
export const resolveTarget = async (
  sql: Sql,
  { coachId, poolId }: TargetInput,
): Promise<{ target: LaneTarget; coachIds: string[] }> => {
  if (coachId !== undefined && poolId !== undefined)
    throw invalid("poolId", "give coachId or poolId, not both");
  if (coachId !== undefined) {
    const id = await coachIdOf(sql, coachId);
    return { target: { coachId: id }, coachIds: [id] };
  }
  if (poolId === undefined) throw invalid("coachId", "give coachId or poolId");
  const members = await listPoolMembers(sql, [poolId]);
  if (members.length === 0)
    throw (await findPool(sql, poolId)) ? refusalError("coach_inactive") : notFound("pool");
  return { target: { poolId }, coachIds: members.map((member) => member.coachId) };
};
