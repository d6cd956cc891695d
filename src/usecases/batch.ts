import type { LaneOutcome } from "../coordination/lanes.ts";
import { isDatabaseUnavailable, isLockTimeout } from "../db/client.ts";
import type { Logger } from "../log.ts";

/** How a batch of jobs is run in one transaction, and what to do when it fails. */
export type BatchRunner<Job> = {
  log: Logger;
  /** Runs jobs in one transaction; what came of each, in their order. */
  run: (jobs: readonly Job[]) => Promise<LaneOutcome[]>;
  /** What a job locks, as one name. */
  lockOf: (job: Job) => string;
};

/**
 * Runs a batch. Should it fail whole, which takes a writer from outside of batches, it is tried once more; then each of
 * its jobs alone, so that one that cannot be written does not fail the rest. Where somebody froze with one of the locks,
 * those who want others go on.
 * @returns what came of each job, in their order
 */
export const runSurely = async <Job>(
  runner: BatchRunner<Job>,
  jobs: readonly Job[],
): Promise<LaneOutcome[]> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await runner.run(jobs);
    } catch (error) {
      const groups = isLockTimeout(error) ? [...Map.groupBy(jobs, runner.lockOf).values()] : [];
      if (groups.length > 1) return runEach(runner, jobs, groups);
      if (isDatabaseUnavailable(error)) return jobs.map(() => ({ error }));
      if (attempt === 1) {
        runner.log.warn({ err: error, jobs: jobs.length }, "a batch is tried once more");
      } else if (jobs.length === 1) {
        return [{ error }];
      } else {
        const alone = jobs.map((job) => [job]);
        return runEach(runner, jobs, alone);
      }
    }
  }
};

/** Runs groups of jobs one after another, each in a transaction of its own. @returns their outcomes as `jobs` stand */
export const runEach = async <Job>(
  runner: BatchRunner<Job>,
  jobs: readonly Job[],
  groups: readonly (readonly Job[])[],
): Promise<LaneOutcome[]> => {
  const outcomes = new Map<Job, LaneOutcome>();
  for (const group of groups) {
    const their = await runSurely(runner, group);
    for (const [index, job] of group.entries()) outcomes.set(job, their[index] ?? noOutcome);
  }
  return jobs.map((job) => outcomes.get(job) ?? noOutcome);
};

const noOutcome: LaneOutcome = { error: new Error("a job was left without an outcome") };
