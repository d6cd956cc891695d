import type { JobPayload } from "../domain/job.ts";
import type { App } from "../usecases/app.ts";
import type { Subscriber } from "../usecases/outbox/relay.ts";
import type { JobQueueName } from "./queue.ts";

/** One run of a job: `attempt` is 1 for the first. */
export type JobRun = { jobId: string; payload: JobPayload; requestId: string; attempt: number };

/**
 * Work in the background. It may run twice, or die at any point and run again, so it is idempotent on its subject. What
 * it throws is tried again over a day, unless it is a refusal that would come again.
 */
export type Job = {
  name: string;
  run: (app: App, job: JobRun) => Promise<void>;
  /** Which entries of the outbox concern it, where not all of its type do. */
  pick?: Subscriber["pick"];
  /** Where it waits for its turn: `jobs` unless it waits for somebody outside, who may keep it waiting. */
  queue?: JobQueueName;
};

export const defineJob = (name: string, run: Job["run"], options: Pick<Job, "pick" | "queue"> = {}): Job => ({
  name,
  run,
  ...options,
});
