import { setTimeout as delay } from "node:timers/promises";
import type { App } from "../usecases/app.ts";
import { type SubscribersOf, relayOutbox } from "../usecases/outbox/relay.ts";

/** The safety net for news that got lost, and how late a job may begin that waits for its time. */
const pollMs = 1_000;

/** Between two passes: what commits meanwhile is relayed together, and a busy hub is not asked after every commit. */
const gatherMs = 10;

/** Moves rows that wait for their time into one queue. */
export type Feed = {
  /** Enqueues a batch of what is due; true when more may be. */
  enqueueDue: () => Promise<boolean>;
  /** Looks after a batch of what was enqueued long ago and is not done; true when there may be more. */
  enqueueOverdue: () => Promise<boolean>;
};

export type RunningRelay = {
  /** Something may be due: begins a pass, or has the running one followed by another. */
  wake: () => void;
  close: () => Promise<void>;
};

/**
 * Makes jobs of what the outbox tells, and puts what is due into the queues: at once after a commit on any node, and
 * every second anyway. One pass at a time; what a pass that fails leaves behind is there for the next.
 */
export const startRelay = (
  app: App,
  { subscribersOf, feeds }: { subscribersOf: SubscribersOf; feeds: readonly Feed[] },
): RunningRelay => {
  let closing = false;
  let wanted = false;
  let lookBack = true;
  let running: Promise<void> | null = null;
  let failing = false;

  const pass = async (): Promise<{ more: boolean }> => {
    // What waits in rows is enqueued even where something new cannot be relayed.
    const relaying = relayOutbox(app, subscribersOf);
    const [relayed] = await Promise.allSettled([relaying]);
    const due = await Promise.allSettled(feeds.map(({ enqueueDue }) => enqueueDue()));
    const looking = lookBack ? feeds.map(({ enqueueOverdue }) => enqueueOverdue()) : [];
    const overdue = await Promise.allSettled(looking);
    lookBack = overdue.some(isMore);
    for (const each of [relayed, ...due, ...overdue]) if (each.status === "rejected") throw each.reason;
    const { more } = await relaying;
    return { more: more || due.some(isMore) || lookBack };
  };
  const work = async (): Promise<void> => {
    while (wanted && !closing) {
      wanted = false;
      const { more } = await pass();
      if (wanted && !more) await delay(gatherMs);
      wanted ||= more;
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
        // Somebody may have asked between the last look and now; after a failure the poll is soon enough.
        if (wanted && !failing && !closing) wake();
      });
  };

  const stopListening = app.publisher.onOutboxNews(wake);
  const timer = setInterval(() => {
    lookBack = true;
    wake();
  }, pollMs);
  wake();
  return {
    wake,
    close: async () => {
      closing = true;
      clearInterval(timer);
      stopListening();
      await running;
    },
  };
};

const isMore = (looked: PromiseSettledResult<boolean>): boolean =>
  looked.status === "fulfilled" && looked.value;
