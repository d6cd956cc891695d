import { LaneQueues } from "./lane-queue.ts";
import type { Lanes, RunLaneBatch } from "./lanes.ts";

/** Lanes of a hub of one node: the queues of this process are the only ones. */
export const createMemoryLanes = <Job>(runBatch: RunLaneBatch<Job>): Lanes<Job> => new LaneQueues(runBatch);
