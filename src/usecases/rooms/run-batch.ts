import type { LaneOutcome } from "../../coordination/lanes.ts";
import { insertWaiting } from "../../db/admissions.ts";
import { insertVisits } from "../../db/attendance.ts";
import {
  type Fragment,
  type Sql,
  insertTogether,
  transactInFlights,
  violatedUnique,
} from "../../db/client.ts";
import { insertOutboxEntries } from "../../db/outbox.ts";
import { insertNumberedEvents } from "../../db/session-events.ts";
import { updateSessionRooms } from "../../db/sessions.ts";
import { notFound } from "../../domain/errors.ts";
import { decideJoin } from "../../domain/room/join.ts";
import { decideMessage } from "../../domain/room/message.ts";
import type { LockedRoom, RoomChanges } from "../../domain/room/request.ts";
import type { RoomEvent } from "../../domain/room.ts";
import type { App } from "../app.ts";
import { runSurely } from "../batch.ts";
import { type News, createNews } from "../transaction.ts";
import type { RoomJob } from "./job.ts";
import { readLockedRooms, readPosted } from "./read-locked.ts";

/**
 * Runs requests of any rooms in one transaction: locks their sessions, reads what the requests are about, decides one
 * after another, writes all of it together. A refusal is its caller's alone and changes nothing of the others.
 *
 * Whether a message was posted before is not looked for, which would cost more than the rest: the index that keeps it from
 * being posted twice says so, and then the batch is run again with a look. So is a message that is refused.
 * @returns what came of each job, in their order
 */
export const runRoomBatch = (app: App, jobs: readonly RoomJob[]): Promise<LaneOutcome[]> =>
  runSurely(
    {
      log: app.log,
      run: async (some: readonly RoomJob[]) => {
        try {
          return await runTransaction(app, some, false);
        } catch (error) {
          if (violatedUnique(error) !== "session_events_client_message") throw error;
          return await runTransaction(app, some, true);
        }
      },
      lockOf: (job: RoomJob) => job.sessionId,
    },
    jobs,
  );

/** What was decided for one request. */
type DecidedJob = { job: RoomJob; changes: RoomChanges; room: LockedRoom };

const runTransaction = async (
  app: App,
  jobs: readonly RoomJob[],
  looksFirst: boolean,
): Promise<LaneOutcome[]> => {
  const news = createNews(app);
  const outcomes = await transactInFlights(app.sql, {
    read: async (sql) => {
      const rooms = await readLockedRooms(sql, jobs);
      if (looksFirst) await readPosted(sql, rooms, jobs);
      return rooms;
    },
    write: async (sql, rooms) => {
      const decisions = new Map(jobs.map((job) => [job, decide(app, job, rooms)]));
      const refused = jobs.filter((job) => job.request.kind === "message" && decisions.get(job)?.error);
      if (refused.length > 0 && !looksFirst) {
        await readPosted(sql, rooms, refused);
        for (const job of refused) decisions.set(job, decide(app, job, rooms));
      }
      const decided = [...decisions.values()].flatMap(({ done }) => done ?? []);
      const statements = statementsOf(app, sql, { decided, news });
      return { last: statements, result: jobs.map((job) => outcomeOf(decisions.get(job))) };
    },
  });
  news.publish();
  return outcomes;
};

type JobDecision = { done?: DecidedJob; result?: unknown; error?: unknown };

const decide = (app: App, job: RoomJob, rooms: ReadonlyMap<string, LockedRoom>): JobDecision => {
  const { request, sessionId } = job;
  try {
    const room = rooms.get(sessionId);
    if (!room) throw notFound("session");
    const { changes, result } =
      request.kind === "join"
        ? decideJoin(room, request, app.config)
        : decideMessage(room, request, app.newId);
    return { done: { job, changes, room }, result };
  } catch (error) {
    return { error };
  }
};

const outcomeOf = (decision: JobDecision | undefined): LaneOutcome =>
  decision?.done ? { value: decision.result } : { error: decision?.error };

type LoggedEvent = RoomEvent & { requestId: string };

/** The statements that write what was decided; the nodes are told of it after the commit. */
const statementsOf = (
  app: App,
  sql: Sql,
  { decided, news }: { decided: readonly DecidedJob[]; news: News },
): Fragment[] => {
  const rows: LoggedEvent[] = decided.flatMap(({ job, changes, room }) =>
    changes.events.map(({ seq, event }) => ({
      ...event,
      sessionId: room.session.id,
      seq,
      id: app.newId(),
      at: room.now,
      requestId: job.requestId,
    })),
  );
  const visits = decided.flatMap(({ changes }) =>
    changes.visits.map((visit) => ({ ...visit, id: app.newId() })),
  );
  const outbox = decided.flatMap(({ job: { requestId }, changes }) =>
    changes.outbox.map((entry) => ({ ...entry, id: app.newId(), requestId, idempotencyKey: null })),
  );
  const waiting = decided.flatMap(({ job: { sessionId }, changes }) =>
    changes.waiting.map(({ participantId }) => ({ sessionId, participantId })),
  );
  const changed = new Map(
    decided
      .filter(({ changes }) => changes.events.length > 0)
      .map(({ room }) => [room.session.id, room.session]),
  );
  for (const [sessionId, events] of Map.groupBy(rows, (row) => row.sessionId))
    news.addEvents(changed.get(sessionId)?.coachId ?? "", events.map(asTold));
  if (outbox.length > 0) news.addOutbox();
  const written = insertTogether(sql, [
    ...(changed.size > 0 ? [updateSessionRooms(sql, [...changed.values()])] : []),
    ...(rows.length > 0 ? [insertNumberedEvents(sql, rows)] : []),
    ...(visits.length > 0 ? [insertVisits(sql, visits)] : []),
    ...(outbox.length > 0 ? [insertOutboxEntries(sql, outbox)] : []),
    ...(waiting.length > 0 ? [insertWaiting(sql, waiting)] : []),
  ]);
  return written ? [written] : [];
};

const asTold = ({ requestId: _requestId, ...event }: LoggedEvent): RoomEvent => event;
