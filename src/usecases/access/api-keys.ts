import { randomBytes } from "node:crypto";
import { insertApiKey } from "../../db/api-keys.ts";
import type { KeyScope } from "../../domain/principal.ts";
import type { App } from "../app.ts";
import { hashKey } from "./keyring.ts";

/**
 * Makes an API key. For the command line and the start of a hub.
 * @returns the key itself, which cannot be had again
 */
export const createApiKey = async (
  app: Pick<App, "sql" | "newId">,
  input: { name: string; scope: KeyScope },
): Promise<{ id: string; key: string }> => {
  const key = `ck_${randomBytes(32).toString("base64url")}`;
  const id = app.newId();
  await insertApiKey(app.sql, { id, hash: hashKey(key), ...input });
  return { id, key };
};

/** Makes sure that a key given from outside (`ADMIN_API_KEY`) exists with scope `admin`. */
export const ensureAdminKey = async (app: Pick<App, "sql" | "newId">, key: string): Promise<void> => {
  await insertApiKey(app.sql, { id: app.newId(), name: "ADMIN_API_KEY", hash: hashKey(key), scope: "admin" });
};
