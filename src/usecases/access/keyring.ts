import { createHash } from "node:crypto";
import { findApiKey } from "../../db/api-keys.ts";
import type { Sql } from "../../db/client.ts";
import type { KeyPrincipal } from "../../domain/principal.ts";

/** What is stored of a key. A key is 256 random bits, so a plain digest cannot be guessed back. */
export const hashKey = (key: string): Uint8Array => createHash("sha256").update(key).digest();

/** Finds who an API key is. */
export type Keyring = { find(key: string): Promise<KeyPrincipal | null> };

/** How long a key that was found valid is taken for valid: one that is revoked stops this much later, at most. */
const trustMs = 1_000;
const maxKeys = 10_000;

/**
 * API keys, with those in use remembered for a second: a back end sends the same key with every call, and looking it up
 * each time cost about as much as its booking. A key that is not known is looked up every time.
 */
export const createKeyring = (sql: Sql): Keyring => {
  const trusted = new Map<string, { principal: KeyPrincipal; until: number }>();
  return {
    find: async (key) => {
      const known = trusted.get(key);
      if (known && known.until > performance.now()) return known.principal;
      trusted.delete(key);
      const found = await findApiKey(sql, hashKey(key));
      if (!found) return null;
      const principal: KeyPrincipal = { kind: "key", ...found };
      if (trusted.size >= maxKeys) trusted.clear();
      trusted.set(key, { principal, until: performance.now() + trustMs });
      return principal;
    },
  };
};
