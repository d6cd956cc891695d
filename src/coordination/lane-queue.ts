import { DomainError } from "../domain/errors.ts";
import type { LaneFigures, LaneOutcome, RunLaneBatch } from "./lanes.ts";

/** More than this waiting in one lane is a flood: refused at once, rather than answered after its caller gave up. */
const maxWaiting = 1_000;

/** Jobs in one batch: past this a transaction is not cheaper a job, only longer. */
const maxBatch = 64;

/**
 * Batches that run at one time, each on a connection of its own. While they run, more gathers for the next: fewer
 * writers make larger batches, more of them wait less for the disk.
 */
const writers = 2;

type Waiting<Job> = { job: Job; resolve: (value: unknown) => void; reject: (error: unknown) => void };

/** How a lane is taken for a turn before its jobs may run, and given back after. None of these may reject. */
export type LaneGate = {
  /** Resolves when this node may work the lane. */
  enter(lane: string): Promise<void>;
  /** True when the turn is over. */
  isOver(lane: string): boolean;
  /** Begins another turn at once; false when it is others' turn. */
  renew(lane: string): Promise<boolean>;
  /** Gives the lane back. `waiting` tells that jobs are left, and the lane will be entered again. */
  leave(lane: string, waiting: boolean): Promise<void>;
};

/**
 * How long an empty lane is kept before it is given back. Callers who ask again as soon as they are answered find it
 * still open, which saves taking it anew, and lets a turn be a turn rather than a batch.
 */
const lingerMs = 5;

/** A lane that has jobs, or had some a moment ago. It is forgotten once it is empty and left. */
type Lane<Job> = {
  name: string;
  waiting: Waiting<Job>[];
  /** Set while the lane is open and empty. */
  lingering: NodeJS.Timeout | null;
};

/**
 * The lanes of one process. Lanes that are ready stand in line; a writer takes from the front as many jobs as a batch
 * holds, of as many lanes as it takes, and a lane is in one batch at a time. So a lane with many jobs gets large batches,
 * many lanes with few jobs share them, and a lane that keeps coming back stands behind the others.
 */
export class LaneQueues<Job> {
  readonly figures: LaneFigures = { batches: 0, jobs: 0, lockFallbacks: 0 };
  readonly #lanes = new Map<string, Lane<Job>>();
  readonly #runBatch: RunLaneBatch<Job>;
  readonly #gate: LaneGate | null;
  #ready: Lane<Job>[] = [];
  #running = 0;
  #pumping = false;
  #closing = false;
  #whenIdle: (() => void)[] = [];

  constructor(runBatch: RunLaneBatch<Job>, gate: LaneGate | null = null) {
    this.#runBatch = runBatch;
    this.#gate = gate;
  }

  /** Queues a job; see `Lanes.run`. */
  run(name: string, job: Job): Promise<unknown> {
    if (this.#closing) return Promise.reject(busy("The hub is closing; ask another node.", 1_000));
    const lane = this.#lanes.get(name) ?? this.#open(name);
    if (lane.waiting.length >= maxWaiting) return Promise.reject(busy("Too many are waiting here.", 2_000));
    return new Promise((resolve, reject) => {
      lane.waiting.push({ job, resolve, reject });
      if (!lane.lingering) return;
      clearTimeout(lane.lingering);
      lane.lingering = null;
      this.#goOn(lane);
    });
  }

  /** Refuses new jobs, and resolves when everybody who waits has been answered. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#lanes.size > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  #open(name: string): Lane<Job> {
    const lane: Lane<Job> = { name, waiting: [], lingering: null };
    this.#lanes.set(name, lane);
    this.#enter(lane);
    return lane;
  }

  #enter(lane: Lane<Job>): void {
    if (!this.#gate) return this.#standInLine(lane);
    void this.#gate.enter(lane.name).then(() => this.#standInLine(lane));
  }

  #standInLine(lane: Lane<Job>): void {
    this.#ready.push(lane);
    this.#pump();
  }

  /** Starts writers once what arrives in this turn of the event loop has arrived. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      while (this.#running < writers && this.#ready.length > 0) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#running += 1;
    const lanes: Lane<Job>[] = [];
    const batch: Waiting<Job>[] = [];
    while (batch.length < maxBatch) {
      const lane = this.#ready.shift();
      if (!lane) break;
      lanes.push(lane);
      batch.push(...lane.waiting.splice(0, maxBatch - batch.length));
    }
    this.figures.batches += 1;
    this.figures.jobs += batch.length;
    const outcomes = await this.#outcomesOf(batch.map(({ job }) => job));
    for (const [index, { resolve, reject }] of batch.entries()) {
      const outcome = outcomes[index] ?? { error: new Error("a batch left a job without an answer") };
      if ("error" in outcome) reject(outcome.error);
      else resolve(outcome.value);
    }
    this.#running -= 1;
    for (const lane of lanes) this.#next(lane);
    this.#pump();
  }

  async #outcomesOf(jobs: readonly Job[]): Promise<readonly LaneOutcome[]> {
    try {
      return await this.#runBatch(jobs);
    } catch (error) {
      return jobs.map(() => ({ error }));
    }
  }

  /** What becomes of a lane after a batch. */
  #next(lane: Lane<Job>): void {
    const gate = this.#gate;
    if (lane.waiting.length > 0) this.#goOn(lane);
    else if (!gate) this.#forget(lane);
    else if (this.#closing || gate.isOver(lane.name)) this.#leave(lane, gate);
    else {
      lane.lingering = setTimeout(() => {
        lane.lingering = null;
        this.#leave(lane, gate);
      }, lingerMs);
    }
  }

  /** The next batch of a lane that is open, or a turn for the other nodes before it. */
  #goOn(lane: Lane<Job>): void {
    const gate = this.#gate;
    if (!gate?.isOver(lane.name)) return this.#standInLine(lane);
    void gate.renew(lane.name).then((renewed) => {
      if (renewed) this.#standInLine(lane);
      else this.#leave(lane, gate);
    });
  }

  #leave(lane: Lane<Job>, gate: LaneGate): void {
    void gate.leave(lane.name, lane.waiting.length > 0).then(() => {
      if (lane.waiting.length > 0) this.#enter(lane);
      else this.#forget(lane);
    });
  }

  #forget(lane: Lane<Job>): void {
    this.#lanes.delete(lane.name);
    if (this.#lanes.size > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}

const busy = (detail: string, retryAfterMs: number): DomainError =>
  new DomainError("unavailable", "unavailable", detail, { facts: { retryAfterMs } });
