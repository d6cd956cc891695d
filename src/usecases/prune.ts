import { deleteEndedHolds } from "../db/holds.ts";
import { deleteOldRecords } from "../db/idempotency.ts";
import { deleteFailedJobs } from "../db/jobs.ts";
import { deleteOldMails } from "../db/mails.ts";
import { deleteOldEntries } from "../db/outbox.ts";
import type { App } from "./app.ts";

/** Rows that go in one statement, so that none holds its locks for long. */
const batchSize = 1_000;

/**
 * Takes away what is past its time: answers kept for their keys, holds that ended, mails, entries of the outbox with their deliveries, jobs that
 * failed for good and nobody replayed. Safe on any number of nodes at once.
 * @param closing ends it between two batches
 * @returns how many rows went
 */
export const prune = async (app: App, closing?: AbortSignal): Promise<number> => {
  const { sql } = app;
  const { keepEventsDays: days } = app.config;
  const steps = [
    () => deleteOldRecords(sql, batchSize),
    () => deleteEndedHolds(sql, batchSize),
    () => deleteOldMails(sql, { days, limit: batchSize }),
    () => deleteFailedJobs(sql, { days, limit: batchSize }),
    () => deleteOldEntries(sql, { days, limit: batchSize }),
  ];
  let gone = 0;
  for (const step of steps) {
    for (let count = batchSize; count === batchSize && !closing?.aborted; ) {
      count = await step();
      gone += count;
    }
  }
  return gone;
};
