/**
 * Lanes: everything that changes a coach's claims runs in that coach's lane, first come first served. What waits is
 * taken in batches, of several lanes at once, and each batch is decided and committed together.
 *
 * A lane is for speed and good manners, never for safety: whoever runs a batch takes the advisory locks of its lanes in
 * the transaction, and the exclusion constraint on claims holds whatever happens here.
 */
export interface Lanes<Job> {
  /**
   * Queues a job in a lane and settles as the batch says that took it.
   * @param lane the name of the lane, such as a coach's
   * @throws DomainError `unavailable` once the lanes are closing, or when too many wait in the lane
   */
  run(lane: string, job: Job): Promise<unknown>;

  readonly figures: LaneFigures;

  /** Refuses new jobs and waits until everyone who waits is answered. */
  close(): Promise<void>;
}

/** What lanes tell of their work since they were made. */
export type LaneFigures = {
  batches: number;
  jobs: number;
  /** How many turns of a lane went on without the cluster-wide lock: Redis was gone, or the lock was lost. */
  lockFallbacks: number;
};

/** What came of one job. */
export type LaneOutcome = { value: unknown } | { error: unknown };

/**
 * Runs the jobs of one batch, all together, and says what came of each, in their order. It answers for every job; if
 * it throws all the same, each of them fails with that.
 */
export type RunLaneBatch<Job> = (jobs: readonly Job[]) => Promise<readonly LaneOutcome[]>;
