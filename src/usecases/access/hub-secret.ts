import { randomBytes } from "node:crypto";
import { findOrInsertSecret } from "../../db/hub-secrets.ts";
import type { App } from "../app.ts";

/** The secret that all nodes of a hub share through its database: the first one to ask makes it up. */
export const findHubSecret = (sql: App["sql"]): Promise<string> =>
  findOrInsertSecret(sql, "tokens", randomBytes(48).toString("base64url"));
