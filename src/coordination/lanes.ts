/**
 * A coach's lane: everything that changes a coach's claims runs in it, one piece of work after another.
 *
 * A lane is for speed and good manners, never for safety: the work takes the coach's advisory lock in its
 * transaction, and the exclusion constraint on claims holds whatever happens here.
 */
export interface Lanes {
  /**
   * Runs `work` alone in the coach's lane, in the order of the calls on this node, and settles as it does.
   * @throws DomainError `unavailable` once the lanes are closing, or when the lane's queue is full
   */
  run<T>(coachId: string, work: () => Promise<T>): Promise<T>;

  /** How many turns of a lane went on without the cluster-wide lock: Redis was gone, or the lock was lost. */
  readonly lockFallbacks: number;

  /** Refuses new work and waits until everyone who waits is answered. */
  close(): Promise<void>;
}
