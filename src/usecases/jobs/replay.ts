import { type StoredJob, findStoredJobForUpdate, updateJobReplayed } from "../../db/jobs.ts";
import { requireCreator } from "../../domain/access.ts";
import { invalidState, notFound } from "../../domain/errors.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { transact } from "../transaction.ts";

/**
 * Has a job that failed for good begin anew, at once. Admins only.
 * @throws DomainError `forbidden`, `not_found`, `invalid_state` for one that has not failed
 */
export const replayJob = (app: App, context: RequestContext, id: string): Promise<StoredJob> => {
  requireCreator(context.principal, "job.manage");
  return transact(app, context, async ({ sql, wakeRelay }) => {
    const job = await findStoredJobForUpdate(sql, id);
    if (!job) throw notFound("job");
    if (job.failedAt === null) throw invalidState("waiting", "This job has not failed; it is on its way.");
    wakeRelay();
    return updateJobReplayed(sql, id);
  });
};
