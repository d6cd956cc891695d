import type { Fragment, Sql } from "./client.ts";

/** Where a list goes on: after the row with this sort value and id. */
export type PageKey = { at: Date | null; id: string };

/** `newest` follows the ids, which grow with time; `startsAt` the start, earliest first. Both are stable under inserts. */
export type PageOrder = "newest" | "startsAt";

/** One page is `limit` rows; lists fetch one more, to know whether there is a next page. */
export type PageRequest = { limit: number; after: PageKey | null; order: PageOrder };

/** Conditions joined by AND; `true` when there are none. */
export const allOf = (sql: Sql, conditions: readonly Fragment[]): Fragment =>
  conditions.reduce((whole, condition) => sql`${whole} AND ${condition}`, sql`true`);

/** The condition that a row lies beyond the page's start. */
export const beyond = (sql: Sql, { after, order }: PageRequest) => {
  if (!after) return sql`true`;
  return order === "newest" ? sql`id < ${after.id}` : sql`(starts_at, id) > (${after.at}, ${after.id})`;
};

export const orderBy = (sql: Sql, { order }: PageRequest) =>
  order === "newest" ? sql`ORDER BY id DESC` : sql`ORDER BY starts_at, id`;
