import { claimDueCalendars as claim } from "../../db/calendars.ts";
import type { App } from "../app.ts";
import { transact } from "../transaction.ts";
import { syncJob } from "./sync-job.ts";

/**
 * Asks for calendars that are due to be read, and says when they are due again, in one transaction. Any number of nodes
 * may do so at once: each calendar is asked for once.
 * @returns how many were due
 */
export const claimDueCalendars = (app: App, limit: number): Promise<number> =>
  transact(app, { requestId: `calendars-${app.newId()}` }, async ({ sql, addJobs }) => {
    const due = await claim(sql, limit);
    if (due.length === 0) return 0;
    await addJobs(...due.map(({ id }) => syncJob(id)));
    return due.length;
  });
