import type { OutboxEventType } from "../domain/outbox.ts";
import type { Job } from "./job.ts";
import { summarise } from "./summarise.ts";

/** What hangs on a session that was completed: reviews, analytics, whatever comes is a file and a line here. */
const onSessionCompleted: readonly Job[] = [summarise];

export type Subscribers = Partial<Record<OutboxEventType, readonly Job[]>>;

/** Who acts on what happened: a job for each line. An event without subscribers is done as it is relayed. */
export const subscribers: Subscribers = {
  "session.ended": onSessionCompleted,
  "session.cancelled": [summarise],
  "session.no_show": [summarise],
  "session.corrected": [summarise],
};

/** Jobs that no event asks for: use cases write them themselves. */
const others: readonly Job[] = [];

/** Every job that there is to do. */
export const allJobs = (own: Subscribers): readonly Job[] => [...Object.values(own).flat(), ...others];
