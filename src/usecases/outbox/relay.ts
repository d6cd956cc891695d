import {
  type OutboxEntry,
  listRelayableForUpdate,
  updateEntriesEnqueued,
  updateEntryJobDone,
} from "../../db/outbox.ts";
import { inTransaction } from "../../db/client.ts";
import type { App } from "../app.ts";

export type { OutboxEntry } from "../../db/outbox.ts";

/** A job that an entry of the outbox asks for. */
export type RelayedJob = { name: string; entry: OutboxEntry };

export type Relay = {
  /** The jobs that an entry asks for; an entry that asks for none is done. */
  jobsFor: (entry: OutboxEntry) => readonly string[];
  /** Adds the jobs to their queue; adding one that is there must change nothing. */
  enqueue: (jobs: readonly RelayedJob[]) => Promise<void>;
};

const batchSize = 100;

/** Enqueued and not done for this long: added again, so that a queue that lost its memory loses no work. */
const overdueMs = 60_000;

/** Which entries a pass is about: those that are new, or those that were relayed and came to nothing. */
export type RelayPass = "new" | "overdue";

/**
 * Relays one batch of the outbox. The entries stay locked until their jobs are in the queue: a relay that dies in
 * between leaves them to the next one, and a job that was added already is not added twice.
 * @returns how many entries were relayed; fewer than a batch when no more wait
 */
export const relayOutbox = (
  app: App,
  relay: Relay,
  pass: RelayPass = "new",
): Promise<{ relayed: number; more: boolean }> =>
  inTransaction(app.sql, async (sql) => {
    const entries = await listRelayableForUpdate(sql, {
      limit: batchSize,
      ...(pass === "overdue" ? { overdueMs } : {}),
    });
    const wanted = entries.map((entry) => ({ entry, jobs: entry.pending ?? relay.jobsFor(entry) }));
    const jobs = wanted.flatMap((want) => want.jobs.map((name) => ({ name, entry: want.entry })));
    if (jobs.length > 0) await relay.enqueue(jobs);
    await updateEntriesEnqueued(
      sql,
      wanted.map((want) => ({ id: want.entry.id, jobs: want.jobs })),
    );
    return { relayed: entries.length, more: entries.length === batchSize };
  });

/** Notes that a job of an entry is done; again for the same job changes nothing. */
export const completeOutboxJob = (app: App, entryId: string, job: string): Promise<void> =>
  updateEntryJobDone(app.sql, entryId, job);
