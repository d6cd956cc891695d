import { listVisits, listVisitsOf, updateLostVisits } from "../../db/attendance.ts";
import { isDatabaseUnavailable, isLockTimeout } from "../../db/client.ts";
import { type OpenSession, findOpenSessionForUpdate, listOpenSessions } from "../../db/open-sessions.ts";
import { systemActor } from "../../domain/principal.ts";
import type { Visit } from "../../domain/room.ts";
import { type Evidence, type Verdict, judge } from "../../domain/session/judge.ts";
import type { App } from "../app.ts";
import { type Transaction, transact } from "../transaction.ts";
import { closeRoom } from "./close.ts";

/** Sessions that are looked at together. */
const pageSize = 200;

/** How many sessions one pass closes, so that one after a large outage takes turns with everything else. */
const passLimit = 500;

/**
 * Closes the sessions that have come to their end by themselves, as {@link judge} says of what stands in the database.
 * Each is decided once more under its own lock, in a transaction of its own: safe on any number of nodes at once, and
 * beside whatever people do to their sessions meanwhile. One that somebody else has locked is left to the next pass; one
 * that cannot be closed keeps no other from it. To be called about every 15 seconds.
 * @returns how many it closed
 * @throws AggregateError when some could not be closed, after the others have been
 */
export const closeOverdueSessions = async (app: App): Promise<number> => {
  const requestId = `overdue-${app.newId()}`;
  const failures: unknown[] = [];
  let closed = 0;
  for await (const id of overdueSessions(app)) {
    try {
      if (await closeOverdueSession(app, { id, requestId })) closed += 1;
    } catch (error) {
      if (isDatabaseUnavailable(error) && !isLockTimeout(error)) throw error;
      failures.push(error);
    }
    if (closed >= passLimit) break;
  }
  if (failures.length > 0) throw new AggregateError(failures, "some sessions could not be closed");
  return closed;
};

/** The sessions that seem to be overdue, without a lock. */
async function* overdueSessions(app: App): AsyncGenerator<string> {
  for (const status of ["in_progress", "scheduled"] as const) {
    for (let after: string | null = null, isLast = false; !isLast; ) {
      const page: OpenSession[] = await listOpenSessions(app.sql, status, { after, limit: pageSize });
      const ids = page.map(({ session }) => session.id);
      const visits = Map.groupBy(await listVisitsOf(app.sql, ids), ({ sessionId }) => sessionId);
      for (const open of page)
        if (judge(evidenceOf(app, open, visits.get(open.session.id) ?? []), open.now)) yield open.session.id;
      after = ids.at(-1) ?? null;
      isLast = page.length < pageSize;
    }
  }
}

const evidenceOf = (
  { config }: App,
  { session, location, timers }: OpenSession,
  visits: readonly Visit[],
): Evidence => ({
  session,
  location,
  visits,
  timers: {
    emptyRoomMinutes: timers.emptyRoomMinutes ?? config.emptyRoomMinutes,
    maxOverrunMinutes: timers.maxOverrunMinutes ?? config.maxOverrunMinutes,
    noShowMinutes: timers.noShowMinutes ?? config.noShowMinutes,
    joinEarlyMinutes: config.joinEarlyMinutes,
  },
});

const closeOverdueSession = async (
  app: App,
  { id, requestId }: { id: string; requestId: string },
): Promise<boolean> => {
  const isClosed = await transact(app, { requestId }, async (transaction) => {
    const open = await findOpenSessionForUpdate(transaction.sql, id);
    const verdict = open && judge(evidenceOf(app, open, await listVisits(transaction.sql, id)), open.now);
    if (!verdict) return false;
    await execute(transaction, open, verdict);
    return true;
  });
  // What presence still knows of the room is stale now; were this to fail, the grace of each person would end it.
  if (isClosed) await app.presence.clear(id).catch(() => {});
  return isClosed;
};

const execute = async (
  transaction: Transaction,
  { session }: OpenSession,
  { outcome, absent, reason, at }: Verdict,
): Promise<void> => {
  const closing = { session, at, actor: systemActor, reason };
  await updateLostVisits(transaction.sql, { sessionId: session.id, leftBy: at });
  await closeRoom(transaction, {
    ...closing,
    ...(outcome === "no_show" ? { transition: "no_show", absent } : { transition: "complete" }),
  });
};
