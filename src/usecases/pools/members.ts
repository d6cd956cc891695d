import type { Sql } from "../../db/client.ts";
import { invalid } from "../../domain/errors.ts";
import { requireCoach } from "../references.ts";

export type MemberInput = {
  coachId: string;
  weight?: number | undefined;
  priority?: number | undefined;
};

/**
 * The members that a caller names, by their ids.
 * @throws DomainError `not_found` for an unknown coach, `invalid_request` for one who stands twice
 */
export const resolveMembers = async (
  sql: Sql,
  members: readonly MemberInput[],
): Promise<{ coachId: string; weight: number; priority: number }[]> => {
  const seen = new Set<string>();
  const resolved = [];
  for (const [index, { coachId, weight = 100, priority = 0 }] of members.entries()) {
    const { id } = await requireCoach(sql, coachId);
    if (seen.has(id)) throw invalid(`members.${index}.coachId`, "stands twice");
    seen.add(id);
    resolved.push({ coachId: id, weight, priority });
  }
  return resolved;
};
