import {
  type Sql,
  inTransaction,
  isDatabaseUnavailable,
  isIdleTimeout,
  transactInFlights,
} from "../../db/client.ts";
import { insertJobs } from "../../db/jobs.ts";
import {
  type OutboxEntry,
  listEntriesForUpdate,
  listNewEntriesForUpdate,
  listNewEntryIds,
  updateEntriesRelayed,
} from "../../db/outbox.ts";
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

/** The job that relays an entry which could not be relayed with the others. */
export const relayJob = "relay";

/**
 * Makes of new entries the jobs that they ask for, and the deliveries to endpoints that want to be told, a batch of them
 * in one transaction. Nothing is enqueued here: what is to be done are rows that wait for their time, so that whoever
 * dies now, or a queue that is away, loses none. A batch that fails is relayed one by one, and an entry that fails
 * alone becomes a job of its own, so that it holds up no other and is not forgotten.
 * @returns whether more entries wait
 */
export const relayOutbox = async (app: App, subscribersOf: SubscribersOf): Promise<{ more: boolean }> => {
  try {
    const count = await relay(app, subscribersOf, (sql) =>
      listNewEntriesForUpdate(sql, { limit: batchSize }),
    );
    return { more: count === batchSize };
  } catch (error) {
    if (isPassing(error)) throw error;
    app.log.error(
      { err: error },
      "a batch of the outbox could not be relayed; its entries are relayed one by one",
    );
  }
  const ids = await listNewEntryIds(app.sql, batchSize);
  for (const id of ids) await relayAlone(app, subscribersOf, id);
  return { more: ids.length === batchSize };
};

/** Relays one entry, whether that was done before or not: what it asked for is not made twice. */
export const relayEntry = async (app: App, subscribersOf: SubscribersOf, id: string): Promise<void> => {
  await relay(app, subscribersOf, (sql) => listEntriesForUpdate(sql, [id]));
};

/** Says nothing of the entries: the next pass finds them as they were. */
const isPassing = (error: unknown): boolean => isDatabaseUnavailable(error) || isIdleTimeout(error);

const relayAlone = async (app: App, subscribersOf: SubscribersOf, id: string): Promise<void> => {
  try {
    await relay(app, subscribersOf, (sql) => listNewEntriesForUpdate(sql, { limit: 1, id }));
  } catch (error) {
    if (isPassing(error)) throw error;
    app.log.error(
      { err: error, entryId: id },
      "an entry of the outbox could not be relayed; it waits as a job",
    );
    const job = {
      id: `${id}-${relayJob}`,
      name: relayJob,
      payload: { entryId: id },
      requestId: null,
      dueAt: null,
    };
    await inTransaction(app.sql, async (sql) => {
      await insertJobs(sql, [job]);
      await updateEntriesRelayed(sql, [id]);
    });
  }
};

/** @returns how many entries there were */
const relay = (
  app: App,
  subscribersOf: SubscribersOf,
  list: (sql: Sql) => Promise<OutboxEntry[]>,
): Promise<number> =>
  transactInFlights(app.sql, {
    read: list,
    write: async (sql, entries) => {
      if (entries.length === 0) return { last: [], result: 0 };
      const [jobs] = await Promise.all([
        jobsOf(sql, entries, subscribersOf),
        announceEntries(app, sql, entries),
      ]);
      const relayed = updateEntriesRelayed(
        sql,
        entries.map(({ id }) => id),
      );
      return { last: jobs.length > 0 ? [insertJobs(sql, jobs), relayed] : [relayed], result: entries.length };
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
