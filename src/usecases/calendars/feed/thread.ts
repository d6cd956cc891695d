import { parentPort } from "node:worker_threads";
import { FeedError } from "./parts.ts";
import { type FeedOptions, type FeedReading, readFeed } from "./read.ts";

/** What a thread is asked to read. */
export type ThreadTask = { text: string; options: FeedOptions };

/** What it makes of it: errors do not pass from thread to thread as what they are. */
export type ThreadAnswer = { reading: FeedReading } | { words: string } | { fault: string };

const answerTo = ({ text, options }: ThreadTask): ThreadAnswer => {
  try {
    return { reading: readFeed(text, options) };
  } catch (error) {
    if (error instanceof FeedError) return { words: error.message };
    return { fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
};

parentPort?.on("message", (task: ThreadTask) => parentPort?.postMessage(answerTo(task)));
