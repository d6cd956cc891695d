import type { LaneOutcome } from "../../coordination/lanes.ts";
import { type Fragment, type Sql, transactInFlights } from "../../db/client.ts";
import { lockNameOf, upsertRecords } from "../../db/idempotency.ts";
import { findSession } from "../../db/sessions.ts";
import type { BookingAndSession } from "../../domain/lane/answer.ts";
import type { Changes } from "../../domain/lane/changes.ts";
import { decide } from "../../domain/lane/decide.ts";
import { decideLapses } from "../../domain/lane/lapse.ts";
import { actorOf } from "../../domain/principal.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { AlreadyAnswered, answerOf, recordOf } from "../idempotency.ts";
import { closeRoom } from "../sessions/close.ts";
import { runEach, runSurely } from "../batch.ts";
import { type News, createNews, openTransaction } from "../transaction.ts";
import type { LaneJob } from "./job.ts";
import { type LaneReading, readLaneState } from "./read-state.ts";
import { changeStatements } from "./write-changes.ts";

/**
 * Runs a batch of lane jobs: locks their lanes, reads what they are about, decides one after another, writes what they
 * come to, all in one transaction. A refusal is its caller's alone and changes nothing of the others.
 * @returns what came of each job, in their order
 */
export const runLaneBatch = async (app: App, jobs: readonly LaneJob[]): Promise<LaneOutcome[]> => {
  const { firsts, twins } = partTwins(jobs);
  return twins.length === 0
    ? runSurely(surely(app), jobs)
    : runEach(surely(app), jobs, [firsts, ...twins.map((twin) => [twin])]);
};

/** A request that came twice under one key waits for the first to be committed, and then finds its answer. */
const partTwins = (jobs: readonly LaneJob[]): { firsts: LaneJob[]; twins: LaneJob[] } => {
  const seen = new Set<string>();
  const firsts: LaneJob[] = [];
  const twins: LaneJob[] = [];
  for (const job of jobs) {
    const { idempotency } = job.context;
    const key = idempotency && lockNameOf(idempotency);
    if (key !== undefined && seen.has(key)) twins.push(job);
    else firsts.push(job);
    if (key !== undefined) seen.add(key);
  }
  return { firsts, twins };
};

const surely = (app: App) => ({
  log: app.log,
  run: (jobs: readonly LaneJob[]) => runTransaction(app, jobs),
  /** The lanes that a job runs in, as one name. */
  lockOf: ({ needs }: LaneJob): string => needs.coachIds.join(" "),
});

const runTransaction = async (app: App, jobs: readonly LaneJob[]): Promise<LaneOutcome[]> => {
  const news = createNews(app);
  const outcomes = await transactInFlights(app.sql, {
    read: (sql) => readLaneState(sql, jobs),
    write: async (sql, reading) => {
      const { decided, outcomes: result } = decideBatch(app, jobs, reading);
      return { last: await statementsOf(app, sql, { decided, news }), result };
    },
  });
  news.publish();
  return outcomes;
};

/** What was decided for one request, or for what had lapsed; a result is told to the caller. */
type DecidedJob = {
  context: Pick<RequestContext, "requestId" | "idempotency">;
  changes: Changes;
  /** Null for what nobody asked for. */
  answer: { job: LaneJob; result: unknown } | null;
};

const decideBatch = (
  app: App,
  jobs: readonly LaneJob[],
  { state, lapsed, records }: LaneReading,
): { decided: DecidedJob[]; outcomes: LaneOutcome[] } => {
  const decided: DecidedJob[] = [];
  if (lapsed.length > 0) {
    const changes = decideLapses(state, lapsed);
    decided.push({ context: { requestId: app.newId() }, changes, answer: null });
  }
  const outcomes = jobs.map((job): LaneOutcome => {
    const { context, caller, request } = job;
    const { idempotency, ifVersion } = context;
    try {
      const record = idempotency && records.get(lockNameOf(idempotency));
      if (idempotency && record) throw new AlreadyAnswered(answerOf(record, idempotency));
      const { changes, result } = decide({ state, request, caller, ifVersion, newId: app.newId });
      decided.push({ context, changes, answer: { job, result } });
      return { value: result };
    } catch (error) {
      return { error };
    }
  });
  return { decided, outcomes };
};

type Writing = { decided: readonly DecidedJob[]; news: News };

/** The statements that write what all of them come to, and the answers of those that came with a key. */
const statementsOf = async (app: App, sql: Sql, { decided, news }: Writing): Promise<Fragment[]> => {
  const gather = <K extends keyof Changes>(kind: K): Changes[K] =>
    decided.flatMap(({ changes }) => changes[kind] as unknown[]) as Changes[K];
  const events = decided.flatMap(({ changes, context }) =>
    changes.events.map(({ session, seq, event }) => ({
      ...event,
      sessionId: session.id,
      coachId: session.coachId,
      seq,
      id: app.newId(),
      at: session.updatedAt,
      requestId: context.requestId,
    })),
  );
  const outbox = decided.flatMap(({ changes, context: { requestId, idempotency } }) =>
    changes.outbox.map((entry) => ({
      ...entry,
      id: app.newId(),
      requestId,
      idempotencyKey: idempotency?.key ?? null,
    })),
  );
  for (const { coachId, requestId: _requestId, ...event } of events) news.addEvents(coachId, [event]);
  if (outbox.length > 0) news.addOutbox();
  const changes = {
    clients: gather("clients"),
    claimsDeleted: gather("claimsDeleted"),
    claimsInserted: gather("claimsInserted"),
    claimsKept: gather("claimsKept"),
    holdsInserted: gather("holdsInserted"),
    holdsUpdated: gather("holdsUpdated"),
    bookingsInserted: gather("bookingsInserted"),
    bookingsUpdated: gather("bookingsUpdated"),
    sessionsInserted: gather("sessionsInserted"),
    sessionsMoved: gather("sessionsMoved"),
    credits: gather("credits"),
    events,
    outbox,
  };
  const closing = decided.filter(({ changes: own }) => own.sessionsCancelled.length > 0);
  if (closing.length === 0) return changeStatements(sql, changes, recordsOf(decided));
  // A room is closed by statements of its own, and what is answered tells how that left it.
  await Promise.all(changeStatements(sql, changes, []));
  for (const done of closing) await closeRooms(app, sql, { done, news });
  const records = recordsOf(decided);
  return records.length > 0 ? [upsertRecords(sql, records)] : [];
};

/** Closes the rooms of a job's cancelled sessions; its result then tells them as they are. */
const closeRooms = async (
  app: App,
  sql: Sql,
  { done, news }: { done: DecidedJob; news: News },
): Promise<void> => {
  const { changes, context, answer } = done;
  for (const { session, at, reason } of changes.sessionsCancelled) {
    if (!answer) throw new Error("a session is cancelled by somebody");
    const transaction = openTransaction(app, { sql, context, news });
    const actor = actorOf(answer.job.context.principal);
    await closeRoom(transaction, { session, at, actor, transition: "cancel", reason });
    (answer.result as BookingAndSession).session = await findSession(sql, session.id);
  }
};

const recordsOf = (decided: readonly DecidedJob[]) =>
  decided.flatMap(({ context: { idempotency }, answer }) =>
    idempotency && answer ? [recordOf(idempotency, idempotency.toAnswer(answer.result))] : [],
  );
