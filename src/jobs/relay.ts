import { setTimeout as delay } from "node:timers/promises";
import type { OutboxEventType } from "../domain/outbox.ts";
import type { App } from "../usecases/app.ts";
import { type RelayedJob, relayOutbox } from "../usecases/outbox/relay.ts";
import type { JobQueue } from "./queue.ts";
import { jobsFor } from "./subscribers.ts";

/** The safety net for news that got lost: the outbox is looked at this often in any case. */
const pollMs = 1_000;

/** Between two passes: what commits meanwhile is relayed together, and a busy hub is not asked after every commit. */
const gatherMs = 10;

export type RunningRelay = { close(): Promise<void> };

/**
 * Moves what the outbox asks for into the queue: at once after a commit on any node, and every second anyway.
 * One pass at a time; what a pass that fails leaves behind is there for the next.
 */
export const startRelay = (app: App, queue: JobQueue): RunningRelay => {
  let closing = false;
  let wanted = false;
  let lookBack = true;
  let running: Promise<void> | null = null;
  let failing = false;

  const work = async (): Promise<void> => {
    const relay = {
      jobsFor: ({ type }: { type: OutboxEventType }) => jobsFor(type),
      enqueue: (jobs: readonly RelayedJob[]) => enqueue(queue, jobs),
    };
    while (wanted && !closing) {
      wanted = false;
      const { more } = await relayOutbox(app, relay);
      const overdue = lookBack ? await relayOutbox(app, relay, "overdue") : { more: false };
      lookBack = overdue.more;
      wanted ||= more || overdue.more;
      if (wanted && !more) await delay(gatherMs);
    }
  };
  const wake = (): void => {
    wanted = true;
    running ??= work()
      .then(() => {
        if (failing) app.log.info("the outbox is relayed again");
        failing = false;
      })
      .catch((error: unknown) => {
        // Once for an outage, not every second of it.
        if (!failing) app.log.warn({ err: error }, "the outbox cannot be relayed; every pass tries again");
        failing = true;
      })
      .finally(() => {
        running = null;
      });
  };

  const stopListening = app.publisher.onOutboxNews(wake);
  const timer = setInterval(() => {
    lookBack = true;
    wake();
  }, pollMs);
  wake();
  return {
    close: async () => {
      closing = true;
      clearInterval(timer);
      stopListening();
      await running;
    },
  };
};

const enqueue = async (queue: JobQueue, jobs: readonly RelayedJob[]): Promise<void> => {
  await queue.addBulk(
    jobs.map(({ name, entry }) => ({
      name,
      data: { entryId: entry.id, type: entry.type, payload: entry.payload, requestId: entry.requestId },
      // From the entry, so that relaying it again adds nothing while its job is there.
      opts: { jobId: `${entry.id}-${name}` },
    })),
  );
};
