import { migrationStatus } from "../db/migrate.ts";
import type { App } from "./app.ts";

export type Readiness = { database: "ok" | "unreachable"; migrations: "current" | "pending" | "unknown" };

/** Whether the database answers and its schema is up to date. Never throws. */
export const readReadiness = async (app: Pick<App, "sql">): Promise<Readiness> => {
  try {
    const status = await migrationStatus(app.sql);
    return { database: "ok", migrations: status.every((step) => step.appliedAt) ? "current" : "pending" };
  } catch {
    return { database: "unreachable", migrations: "unknown" };
  }
};
