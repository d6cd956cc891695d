import type { LaneOutcome } from "../../coordination/lanes.ts";
import { insertWaiting } from "../../db/admissions.ts";
import { insertVisits } from "../../db/attendance.ts";
import { type Fragment, type Sql, insertTogether, transactInFlights } from "../../db/client.ts";
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
import { createNews } from "../transaction.ts";
import type { RoomJob } from "./job.ts";
import { readLockedRooms } from "./read-locked.ts";

/**
 * Runs requests of any rooms in one transaction: locks their sessions, reads what the requests are about, decides one
 * after another, writes all of it together. A refusal is its caller's alone and changes nothing of the others.
 * @returns what came of each job, in their order
 */
export const runRoomBatch = (app: App, jobs: readonly RoomJob[]): Promise<LaneOutcome[]> =>
  runSurely(
    {
      log: app.log,
      run: (some: readonly RoomJob[]) => runTransaction(app, some),
      lockOf: (job: RoomJob) => job.sessionId,
    },
    jobs,
  );

/** What was decided for one request. */
type DecidedJob = { job: RoomJob; changes: RoomChanges; room: LockedRoom };

const runTransaction = async (app: App, jobs: readonly RoomJob[]): Promise<LaneOutcome[]> => {
  const news = createNews(app);
  const outcomes = await transactInFlights(app.sql, {
    read: (sql) => readLockedRooms(sql, jobs),
    write: async (sql, rooms) => {
      const { decided, outcomes: result } = decideBatch(app, jobs, rooms);
      const { events, statements } = statementsOf(app, sql, decided);
      for (const { room } of decided) {
        const own = events.get(room.session.id);
        if (own) news.addEvents(room.session.coachId, own);
        events.delete(room.session.id);
      }
      if (decided.some(({ changes }) => changes.outbox.length > 0)) news.addOutbox();
      return { last: statements, result };
    },
  });
  news.publish();
  return outcomes;
};

const decideBatch = (
  app: App,
  jobs: readonly RoomJob[],
  rooms: ReadonlyMap<string, LockedRoom>,
): { decided: DecidedJob[]; outcomes: LaneOutcome[] } => {
  const decided: DecidedJob[] = [];
  const outcomes = jobs.map((job): LaneOutcome => {
    const { request, sessionId } = job;
    try {
      const room = rooms.get(sessionId);
      if (!room) throw notFound("session");
      const { changes, result } =
        request.kind === "join"
          ? decideJoin(room, request, app.config)
          : decideMessage(room, request, app.newId);
      decided.push({ job, changes, room });
      return { value: result };
    } catch (error) {
      return { error };
    }
  });
  return { decided, outcomes };
};

type LoggedEvent = RoomEvent & { requestId: string };

/** The statements that write what was decided, and the events of each session as they will stand in its log. */
const statementsOf = (
  app: App,
  sql: Sql,
  decided: readonly DecidedJob[],
): { events: Map<string, RoomEvent[]>; statements: Fragment[] } => {
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
  const written = insertTogether(sql, [
    ...(changed.size > 0 ? [updateSessionRooms(sql, [...changed.values()])] : []),
    ...(rows.length > 0 ? [insertNumberedEvents(sql, rows)] : []),
    ...(visits.length > 0 ? [insertVisits(sql, visits)] : []),
    ...(outbox.length > 0 ? [insertOutboxEntries(sql, outbox)] : []),
    ...(waiting.length > 0 ? [insertWaiting(sql, waiting)] : []),
  ]);
  const told = rows.map(({ requestId: _requestId, ...event }): RoomEvent => event);
  return { events: Map.groupBy(told, ({ sessionId }) => sessionId), statements: written ? [written] : [] };
};
