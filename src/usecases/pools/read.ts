import { findPool, listPools as listPoolRows } from "../../db/pools.ts";
import { authorise } from "../../domain/access.ts";
import { notFound } from "../../domain/errors.ts";
import type { Pool } from "../../domain/pool.ts";
import type { Principal } from "../../domain/principal.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { type Page, type PageInput, fetchPage } from "../paging.ts";

/** What a client may know of a pool. */
export type PublicPool = Pick<Pool, "id" | "name">;

const publicFields = ({ id, name }: Pool): PublicPool => ({ id, name });
const isClient = (principal: Principal): boolean => principal.kind === "user" && principal.role === "client";

/**
 * A pool: whole for admins and keys, its public fields for a client.
 * @throws DomainError `not_found`
 */
export const readPool = async (
  app: App,
  { principal }: RequestContext,
  id: string,
): Promise<Pool | PublicPool> => {
  const pool = await findPool(app.sql, id);
  if (!pool) throw notFound("pool");
  if (isClient(principal)) return publicFields(pool);
  authorise(principal, "pool.read", { what: "pool", owners: {} });
  return pool;
};

/** The pools that the caller may see; a coach sees none. */
export const listPools = async (
  app: App,
  { principal }: RequestContext,
  input: PageInput,
): Promise<Page<Pool | PublicPool>> => {
  if (principal.kind === "user" && principal.role === "coach") return { data: [], nextCursor: null };
  const page = await fetchPage(input, (request) => listPoolRows(app.sql, request));
  return isClient(principal) ? { ...page, data: page.data.map(publicFields) } : page;
};
