import type { OutboxEventType } from "../domain/outbox.ts";
import type { Job } from "./job.ts";
import { summarise } from "./summarise.ts";

/** What hangs on a session that was completed: reviews, analytics, whatever comes is a file and a line here. */
const onSessionCompleted: readonly Job[] = [summarise];

/** Who acts on what happened: a job for each line. An event without subscribers is done as it is relayed. */
export const subscribers: Partial<Record<OutboxEventType, readonly Job[]>> = {
  "session.ended": onSessionCompleted,
  "session.cancelled": [summarise],
};
