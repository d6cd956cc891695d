import { type Sql, inTransaction, isDeadlock } from "../db/client.ts";
import { insertJobs } from "../db/jobs.ts";
import { insertOutboxEntries } from "../db/outbox.ts";
import { type IdentifiedRoomEvent, insertEvents } from "../db/session-events.ts";
import { versionMismatch } from "../domain/errors.ts";
import type { NewJob } from "../domain/job.ts";
import type { NewOutboxEntry } from "../domain/outbox.ts";
import type { NewRoomEvent, RoomEvent } from "../domain/room.ts";
import type { Session } from "../domain/session.ts";
import type { App } from "./app.ts";
import type { RequestContext } from "./context.ts";
import { KeyInUse, onceInTransaction } from "./idempotency.ts";

/** One transaction of a use case. What it appends is told to the nodes after the commit, never before. */
export type Transaction = {
  sql: Sql;
  /**
   * Appends to the log of a session whose row this transaction has locked or made. A session among the data is
   * written with the seq of its own event.
   * @returns the session with its new `lastSeq`
   */
  appendEvents(session: Session, events: readonly NewRoomEvent[]): Promise<Session>;
  appendOutbox(...entries: NewOutboxEntry[]): Promise<void>;
  /** Asks for work in the background, which begins after the commit, or when it is due. */
  addJobs(...jobs: Omit<NewJob, "requestId">[]): Promise<void>;
  /** Has the relay look for work after the commit, for rows that were changed so that they are due. */
  wakeRelay(): void;
};

/** How long a request waits for another one with the same idempotency key. */
const keyWaitMs = 2_000;

/**
 * Runs `work` in one transaction: it commits whole, or changes nothing. With an idempotency key it runs once,
 * and the answer is kept in the same transaction. A deadlock is tried once more.
 *
 * `work` may run more than once, so whatever it does outside of the transaction must bear repeating.
 * @throws AlreadyAnswered when the request was answered before
 * @throws DomainError `idempotency_in_flight` when the same request is still running after a short wait
 */
export const transact = async <T>(
  app: App,
  context: Pick<RequestContext, "requestId" | "idempotency">,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> => {
  const deadline = performance.now() + keyWaitMs;
  for (let deadlocks = 0; ; ) {
    try {
      return await attempt(app, context, work);
    } catch (error) {
      if (error instanceof KeyInUse && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 25 + Math.random() * 50));
      } else if (isDeadlock(error) && deadlocks === 0) {
        deadlocks += 1;
        app.log.warn({ requestId: context.requestId }, "a deadlock was resolved by trying again");
      } else {
        throw error;
      }
    }
  }
};

const attempt = async <T>(
  app: App,
  context: Pick<RequestContext, "requestId" | "idempotency">,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> => {
  const { idempotency } = context;
  const news = createNews(app);
  const run = (sql: Sql): Promise<T> => work(openTransaction(app, { sql, context, news }));
  const result = await inTransaction(app.sql, (sql) =>
    idempotency ? onceInTransaction(sql, idempotency, () => run(sql)) : run(sql),
  );
  news.publish();
  return result;
};

/** What a transaction has to tell the nodes once it has committed, and never before. */
export type News = {
  addEvents(coachId: string, events: readonly RoomEvent[]): void;
  addOutbox(): void;
  publish(): void;
};

export const createNews = (app: Pick<App, "publisher">): News => {
  const rooms: { coachId: string; events: readonly RoomEvent[] }[] = [];
  let outbox = false;
  return {
    addEvents: (coachId, events) => void rooms.push({ coachId, events }),
    addOutbox: () => {
      outbox = true;
    },
    publish: () => {
      for (const { coachId, events } of rooms) {
        const [first] = events;
        if (first)
          app.publisher.publishRoomNews({ sessionId: first.sessionId, coachId, events: [...events] });
      }
      if (outbox) app.publisher.publishOutboxNews();
    },
  };
};

type Opening = { sql: Sql; context: Pick<RequestContext, "requestId" | "idempotency">; news: News };

/** What a use case does within a transaction that has begun. */
export const openTransaction = (app: App, { sql, context, news }: Opening): Transaction => ({
  sql,
  appendEvents: async (session, events) => {
    const identified = events.map((event, index) => identify(app, event, session.lastSeq + index + 1));
    const written = await insertEvents(sql, {
      sessionId: session.id,
      requestId: context.requestId,
      events: identified,
    });
    news.addEvents(session.coachId, written);
    return { ...session, lastSeq: session.lastSeq + events.length };
  },
  appendOutbox: async (...entries) => {
    if (entries.length === 0) return;
    news.addOutbox();
    const { requestId, idempotency } = context;
    const from = { requestId, idempotencyKey: idempotency?.key ?? null };
    await insertOutboxEntries(
      sql,
      entries.map((entry) => ({ ...entry, ...from, id: app.newId() })),
    );
  },
  addJobs: async (...jobs) => {
    if (jobs.length === 0) return;
    news.addOutbox();
    await insertJobs(
      sql,
      jobs.map((job) => ({ ...job, requestId: context.requestId })),
    );
  },
  wakeRelay: news.addOutbox,
});

const identify = (app: App, event: NewRoomEvent, seq: number): IdentifiedRoomEvent => {
  const data =
    "session" in event.data
      ? { ...event.data, session: { ...event.data.session, lastSeq: seq } }
      : event.data;
  return { ...event, data, id: app.newId() } as IdentifiedRoomEvent;
};

/**
 * Honours `If-Match`.
 * @throws DomainError `version_mismatch` when the caller has seen another version than the present one
 */
export const assertVersion = (context: Pick<RequestContext, "ifVersion">, version: number): void => {
  if (context.ifVersion !== undefined && context.ifVersion !== version) throw versionMismatch(version);
};
