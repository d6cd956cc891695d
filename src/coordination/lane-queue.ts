import { DomainError } from "../domain/errors.ts";

/** What waits in one lane. */
export type LaneItem = { run: () => Promise<void> };

/** More than this waiting for one coach is a flood: refused at once, rather than answered after its caller gave up. */
const maxWaiting = 1_000;

/**
 * The lanes of one process: a queue for each coach that somebody waits for, first come first served. Whoever
 * drains a lane takes items until there are none; what happens around that is up to `drain`.
 */
export class LaneQueues {
  readonly #lanes = new Map<string, LaneItem[]>();
  readonly #draining = new Set<Promise<void>>();
  readonly #drain: (coachId: string, next: () => LaneItem | undefined) => Promise<void>;
  #closing = false;

  /** `drain` runs items one after another until `next` gives none; it must not throw. */
  constructor(drain: (coachId: string, next: () => LaneItem | undefined) => Promise<void>) {
    this.#drain = drain;
  }

  /**
   * Queues work in a coach's lane and settles as it does.
   * @throws DomainError `unavailable` while closing, or when too many wait
   */
  run<T>(coachId: string, work: () => Promise<T>): Promise<T> {
    if (this.#closing) return Promise.reject(busy("The hub is closing; ask another node.", 1_000));
    const lane = this.#lanes.get(coachId) ?? [];
    if (lane.length >= maxWaiting) return Promise.reject(busy("Too many are waiting for this coach.", 2_000));
    const result = new Promise<T>((resolve, reject) => {
      lane.push({ run: () => work().then(resolve, reject) });
    });
    if (!this.#lanes.has(coachId)) {
      this.#lanes.set(coachId, lane);
      const drained = this.#drain(coachId, () => this.#next(coachId)).finally(() =>
        this.#draining.delete(drained),
      );
      this.#draining.add(drained);
    }
    return result;
  }

  /** Refuses new work, and resolves when everybody who waits has been answered. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#draining);
  }

  /** Takes the next item. An empty lane is forgotten here, in the same turn, so that nothing is queued behind it. */
  #next(coachId: string): LaneItem | undefined {
    const item = this.#lanes.get(coachId)?.shift();
    if (!item) this.#lanes.delete(coachId);
    return item;
  }
}

const busy = (detail: string, retryAfterMs: number): DomainError =>
  new DomainError("unavailable", "unavailable", detail, { facts: { retryAfterMs } });
