import { CourtsideError } from "./error.ts";

/** The events that one reader has yet to take. */
export type EventQueue<T> = {
  push(event: T): void;
  /** After what is queued: the end, or where there is an error, that error. */
  end(error: CourtsideError | null): void;
  iterator: AsyncIterableIterator<T, undefined>;
};

/** How many events a reader may be behind; the one after that ends it. */
export const maxQueuedEvents = 1_000;

/** @param onEnd the queue takes no more: it ended, overflowed, or its reader went away */
export const createEventQueue = <T>(onEnd: () => void): EventQueue<T> => {
  let queued: T[] = [];
  let ended: { error: CourtsideError | null } | null = null;
  /** Readers that found nothing: each is woken, and looks again, when something comes. */
  let wake: (() => void)[] = [];
  const stir = (): void => {
    const sleepers = wake;
    wake = [];
    for (const go of sleepers) go();
  };
  const end = (error: CourtsideError | null): void => {
    if (ended) return;
    ended = { error };
    onEnd();
    stir();
  };
  const next = async (): Promise<IteratorResult<T, undefined>> => {
    for (;;) {
      const event = queued.shift();
      if (event !== undefined) return { done: false, value: event };
      if (ended) {
        const { error } = ended;
        ended = { error: null };
        if (error) throw error;
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => wake.push(resolve));
    }
  };
  return {
    push: (event) => {
      if (ended) return;
      if (queued.length < maxQueuedEvents) queued.push(event);
      else end(new CourtsideError("events_missed", `More than ${maxQueuedEvents} events were not taken.`));
      stir();
    },
    end,
    iterator: {
      next,
      return: async () => {
        queued = [];
        end(null);
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    },
  };
};
