import { lockNames } from "../../db/locks.ts";
import {
  deletePoolMembersExcept,
  findPool,
  listPoolMembers,
  updatePool as updatePoolRow,
  upsertPoolMembers,
} from "../../db/pools.ts";
import { authorise } from "../../domain/access.ts";
import { notFound } from "../../domain/errors.ts";
import { type Pool, medianCredit } from "../../domain/pool.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { laneOfPool } from "../lanes/job.ts";
import { assertVersion, transact } from "../transaction.ts";
import { type MemberInput, resolveMembers } from "./members.ts";

export type UpdatePoolInput = {
  id: string;
  name?: string | undefined;
  members?: readonly MemberInput[] | undefined;
};

/**
 * Changes a pool; `members` replaces all of them. Who stays keeps what they are owed; who is new, or comes back,
 * starts in the middle of the others.
 * @throws DomainError `not_found`, `forbidden`, `invalid_request`, `version_mismatch`
 */
export const updatePool = async (
  app: App,
  context: RequestContext,
  input: UpdatePoolInput,
): Promise<Pool> => {
  authorise(context.principal, "pool.manage", { what: "pool", owners: {} });
  return transact(app, context, async ({ sql }) => {
    await lockNames(sql, [laneOfPool(input.id)]);
    const pool = await findPool(sql, input.id);
    if (!pool) throw notFound("pool");
    assertVersion(context, pool.version);
    if (input.members) {
      const members = await resolveMembers(sql, input.members);
      const present = await listPoolMembers(sql, [pool.id]);
      const start = medianCredit(present.map(({ credit }) => credit));
      await deletePoolMembersExcept(
        sql,
        pool.id,
        members.map(({ coachId }) => coachId),
      );
      await upsertPoolMembers(
        sql,
        pool.id,
        members.map((member) => ({ ...member, credit: start })),
      );
    }
    await updatePoolRow(sql, pool.id, input.name);
    return (await findPool(sql, pool.id)) ?? pool;
  });
};
