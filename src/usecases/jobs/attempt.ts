import { type JobRow, deleteJob, findJob, updateJobAttempt } from "../../db/jobs.ts";
import { DomainError, type ErrorKind } from "../../domain/errors.ts";
import { retryAfterMs } from "../../domain/retry.ts";
import type { App } from "../app.ts";

export type { JobRow } from "../../db/jobs.ts";

/** Whether a job that was refused tries again. */
const triesAgain = {
  invalid: false,
  unauthenticated: false,
  forbidden: false,
  not_found: false,
  conflict: false,
  rate_limited: true,
  unavailable: true,
} satisfies Record<ErrorKind, boolean>;

export type JobOutcome = "done" | "retried" | "failed" | "skipped";

/**
 * Runs a job that its row still asks for, and writes what came of it: the row of one that is done goes, one that
 * failed has another time, or is kept as failed for good. Whoever dies before that leaves the row, so the job runs again.
 * @param run what the job does; idempotent on its subject, since it may have been done before
 */
export const attemptJob = async (
  app: App,
  jobId: string,
  run: (job: JobRow) => Promise<void>,
): Promise<JobOutcome> => {
  const job = await findJob(app.sql, jobId);
  // Done meanwhile: the queue handed it out twice.
  if (!job) return "skipped";
  try {
    await run(job);
  } catch (error) {
    return failAttempt(app, job, error);
  }
  await deleteJob(app.sql, job);
  return "done";
};

/** Writes that an attempt failed, and when the next one is. */
export const failAttempt = async (app: App, job: JobRow, error: unknown): Promise<JobOutcome> => {
  const refused = error instanceof DomainError && !triesAgain[error.kind];
  const waitMs = refused ? null : retryAfterMs(job.attempts + 1, Math.random());
  const words = error instanceof Error ? error.message : String(error);
  const written = await updateJobAttempt(app.sql, job, { waitMs, error: words.slice(0, 500) });
  if (!written) return "skipped";
  const about = {
    err: error,
    job: job.name,
    jobId: job.id,
    attempts: job.attempts + 1,
    requestId: job.requestId,
  };
  if (waitMs === null) app.log.error(about, "a job failed for good; it is kept and can be replayed");
  else app.log.warn({ ...about, waitMs }, "a job failed and will be tried again");
  return waitMs === null ? "failed" : "retried";
};
