import { type Sql, transactInFlights } from "../../db/client.ts";
import { insertJobs } from "../../db/jobs.ts";
import { type OutboxEntry, listNewEntriesForUpdate, updateEntriesRelayed } from "../../db/outbox.ts";
import type { NewJob } from "../../domain/job.ts";
import type { OutboxEventType } from "../../domain/outbox.ts";
import type { App } from "../app.ts";
import { announceEntries } from "../webhooks/announce.ts";

export type { OutboxEntry } from "../../db/outbox.ts";

/** A job that acts on what happened. */
export type Subscriber = {
  /** The job's name. */
  name: string;
  /** Picks the entries that are of any concern to it, by id; all of them when not given. One statement for all. */
  pick?: ((sql: Sql, entries: readonly OutboxEntry[]) => Promise<ReadonlySet<string>>) | undefined;
};

export type SubscribersOf = (type: OutboxEventType) => readonly Subscriber[];

const batchSize = 100;

/**
 * Makes of new entries the jobs that they ask for, and the deliveries to endpoints that want to be told, a batch of them
 * in one transaction. Nothing is enqueued here: what is to be done are rows that wait for their time, so that whoever
 * dies now, or a queue that is away, loses none.
 * @returns whether more entries wait
 */
export const relayOutbox = (app: App, subscribersOf: SubscribersOf): Promise<{ more: boolean }> =>
  transactInFlights(app.sql, {
    read: (sql) => listNewEntriesForUpdate(sql, batchSize),
    write: async (sql, entries) => {
      const result = { more: entries.length === batchSize };
      if (entries.length === 0) return { last: [], result };
      const [jobs] = await Promise.all([
        jobsOf(sql, entries, subscribersOf),
        announceEntries(app, sql, entries),
      ]);
      const relayed = updateEntriesRelayed(
        sql,
        entries.map(({ id }) => id),
      );
      return { last: jobs.length > 0 ? [insertJobs(sql, jobs), relayed] : [relayed], result };
    },
  });

const jobsOf = async (
  sql: Sql,
  entries: readonly OutboxEntry[],
  subscribersOf: SubscribersOf,
): Promise<NewJob[]> => {
  const wanted = new Map<Subscriber, OutboxEntry[]>();
  for (const entry of entries)
    for (const subscriber of subscribersOf(entry.type)) {
      const own = wanted.get(subscriber);
      if (own) own.push(entry);
      else wanted.set(subscriber, [entry]);
    }
  const jobs = await Promise.all(
    [...wanted].map(async ([{ name, pick }, own]) => {
      const picked = await pick?.(sql, own);
      const concerned = picked ? own.filter(({ id }) => picked.has(id)) : own;
      return concerned.map((entry): NewJob => jobOf(name, entry));
    }),
  );
  return jobs.flat();
};

/** The job that a subscriber does for an entry: of one id, however often it is asked for. */
const jobOf = (name: string, { id, type, payload, requestId }: OutboxEntry): NewJob => ({
  id: `${id}-${name}`,
  name,
  payload: { ...payload, entryId: id, type },
  requestId,
  dueAt: null,
});
