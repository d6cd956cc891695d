import type { OutboxEventType } from "../domain/outbox.ts";
import type { Job } from "./job.ts";
import { summarise } from "./summarise.ts";

/** Who acts on what happened: a job for each line. An event without subscribers is done as it is relayed. */
const subscribers: Partial<Record<OutboxEventType, readonly Job[]>> = {
  "session.ended": [summarise],
  "session.cancelled": [summarise],
};

export const jobsFor = (type: OutboxEventType): readonly string[] =>
  (subscribers[type] ?? []).map((job) => job.name);

/** The job of this name, if there is one. */
export const findJob = (name: string): Job | undefined =>
  Object.values(subscribers)
    .flat()
    .find((job) => job.name === name);
