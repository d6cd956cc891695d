import { LaneQueues } from "./lane-queue.ts";
import type { Lanes } from "./lanes.ts";

/** Lanes of a hub of one node: the queue of this process is the only one. */
export const createMemoryLanes = (): Lanes => {
  const queues = new LaneQueues(async (_coachId, next) => {
    for (let item = next(); item; item = next()) await item.run();
  });
  return {
    run: (coachId, work) => queues.run(coachId, work),
    lockFallbacks: 0,
    close: () => queues.close(),
  };
};
