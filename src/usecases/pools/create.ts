import { findPool, insertPool, upsertPoolMembers } from "../../db/pools.ts";
import { requireCreator } from "../../domain/access.ts";
import { notFound } from "../../domain/errors.ts";
import type { Pool } from "../../domain/pool.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { transact } from "../transaction.ts";
import { type MemberInput, resolveMembers } from "./members.ts";

export type CreatePoolInput = { name: string; members: readonly MemberInput[] };

/**
 * Makes a pool. Admins only.
 * @throws DomainError `forbidden`, `not_found` for an unknown coach, `invalid_request` for one who stands twice
 */
export const createPool = async (
  app: App,
  context: RequestContext,
  input: CreatePoolInput,
): Promise<Pool> => {
  requireCreator(context.principal, "pool.manage");
  return transact(app, context, async ({ sql }) => {
    const members = await resolveMembers(sql, input.members);
    const id = app.newId();
    await insertPool(sql, { id, name: input.name });
    await upsertPoolMembers(
      sql,
      id,
      members.map((member) => ({ ...member, credit: 0 })),
    );
    const pool = await findPool(sql, id);
    if (!pool) throw notFound("pool");
    return pool;
  });
};
