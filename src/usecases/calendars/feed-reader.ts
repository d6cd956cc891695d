import { Worker } from "node:worker_threads";
import { FeedError } from "./feed/parts.ts";
import type { FeedOptions, FeedReading } from "./feed/read.ts";
import type { ThreadAnswer, ThreadTask } from "./feed/thread.ts";

/** Reads feeds beside everything else that the process does. */
export type FeedReader = {
  /**
   * Two at a time; whoever comes meanwhile waits.
   * @throws FeedError in words, also for a feed that takes too long or too much memory
   */
  read(text: string, options: FeedOptions): Promise<FeedReading>;
  /** Ends its threads, and with them what they are reading. */
  close(): Promise<void>;
};

/** A feed of five megabytes takes a second or two. */
const timeoutMs = 10_000;

/** So that feeds which take all their time leave others a thread, and the process a processor. */
const maxThreads = 2;

/**
 * What a thread's objects may take, far more than any feed was seen to. Node ends the thread, while Deno knows no such
 * limit.
 */
const resourceLimits = { maxOldGenerationSizeMb: 512 };

/**
 * Reads in threads, which are kept for the next feed: to start one costs a tenth of a second. One that a feed keeps for
 * too long is given up. Node ends it there and then; Deno only once it has come to the end of that feed, which the steps
 * that a feed may take see to.
 */
export const createFeedReader = (limits: { timeoutMs: number } = { timeoutMs }): FeedReader => {
  const threads = new Set<Worker>();
  const idle: Worker[] = [];
  const waiting: (() => void)[] = [];
  let taken = 0;
  let closed = false;

  const start = (): Worker => {
    const thread = new Worker(new URL("./feed/thread.ts", import.meta.url), { resourceLimits });
    threads.add(thread);
    // One that fails between two feeds is replaced; whoever waits for an answer listens as well.
    const forget = (): void => {
      threads.delete(thread);
      if (idle.includes(thread)) idle.splice(idle.indexOf(thread), 1);
    };
    thread.on("error", forget).on("exit", forget);
    return thread;
  };

  const takeTurn = async (): Promise<void> => {
    if (taken < maxThreads) taken += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const passTurn = (): void => {
    const next = waiting.shift();
    if (next) next();
    else taken -= 1;
  };

  return {
    read: async (text, options) => {
      await takeTurn();
      try {
        if (closed) throw new Error("feeds are read no longer");
        const thread = idle.pop() ?? start();
        const answer = await ask(thread, { text, options }, limits.timeoutMs);
        idle.push(thread);
        if ("words" in answer) throw new FeedError(answer.words);
        if ("fault" in answer) throw new Error(`a feed could not be read: ${answer.fault}`);
        return answer.reading;
      } finally {
        passTurn();
      }
    },
    close: async () => {
      closed = true;
      await Promise.all([...threads].map((thread) => thread.terminate()));
    },
  };
};

/** @throws FeedError for a feed that is too much for the thread, which is then given up */
const ask = async (thread: Worker, task: ThreadTask, timeoutMs: number): Promise<ThreadAnswer> => {
  const { promise, resolve, reject } = Promise.withResolvers<ThreadAnswer>();
  const timer = setTimeout(
    () => reject(new FeedError(`The calendar takes longer than ${timeoutMs / 1000} seconds to work out.`)),
    timeoutMs,
  );
  const onError = (error: unknown): void => reject(isOutOfMemory(error) ? new FeedError(tooLarge) : error);
  const onExit = (): void => reject(new Error("the thread that read a feed ended"));
  thread.on("message", resolve).on("error", onError).on("exit", onExit);
  try {
    thread.postMessage(task);
    return await promise;
  } catch (error) {
    void thread.terminate();
    throw error;
  } finally {
    clearTimeout(timer);
    thread.off("message", resolve).off("error", onError).off("exit", onExit);
  }
};

const tooLarge = "The calendar takes too much memory to work out.";

const isOutOfMemory = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
