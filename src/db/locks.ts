import type { Sql } from "./client.ts";

/** Keeps the hub's advisory locks on names apart from any other use of advisory locks. */
const seed = 7_120;

/**
 * Takes locks on names until the transaction ends, waiting for each in turn. They are taken in one order
 * everywhere, so that nobody who takes all of theirs at once deadlocks with another. Names that share a hash wait
 * for each other, which costs time and nothing else.
 */
export const lockNames = async (sql: Sql, names: readonly string[]): Promise<void> => {
  await sql`
    SELECT pg_advisory_xact_lock(lock) FROM (
      SELECT DISTINCT hashtextextended(name, ${seed}) AS lock FROM unnest(${[...names]}::text[]) AS name ORDER BY lock
    ) AS ordered`;
};

/**
 * Takes the lock on one name until the transaction ends.
 * @returns false when another transaction has it; nothing waits
 */
export const tryLockName = async (sql: Sql, name: string): Promise<boolean> => {
  const [row] = await sql<[{ free: boolean }]>`
    SELECT pg_try_advisory_xact_lock(hashtextextended(${name}, ${seed})) AS free`;
  return row.free;
};
