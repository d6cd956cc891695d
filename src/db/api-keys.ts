import type { KeyScope } from "../domain/principal.ts";
import type { Sql } from "./client.ts";

export type NewApiKey = { id: string; name: string; hash: Uint8Array; scope: KeyScope };

/**
 * Keeps a key.
 * @returns false, and nothing is written, when a key with this hash exists
 */
export const insertApiKey = async (sql: Sql, key: NewApiKey): Promise<boolean> => {
  const rows = await sql`
    INSERT INTO api_keys (id, name, hash, scope) VALUES (${key.id}, ${key.name}, ${key.hash}, ${key.scope})
    ON CONFLICT (hash) DO NOTHING
    RETURNING id`;
  return rows.length === 1;
};

/** The key with this hash, unless it was revoked. */
export const findApiKey = async (
  sql: Sql,
  hash: Uint8Array,
): Promise<{ id: string; name: string; scope: KeyScope } | null> => {
  const [row] = await sql<{ id: string; name: string; scope: KeyScope }[]>`
    SELECT id, name, scope FROM api_keys WHERE hash = ${hash} AND revoked_at IS NULL`;
  return row ?? null;
};
