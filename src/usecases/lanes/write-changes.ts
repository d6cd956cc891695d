import { insertBookings, updateBookings } from "../../db/bookings.ts";
import { deleteClaims, insertClaims, updateClaims } from "../../db/claims.ts";
import type { Sql } from "../../db/client.ts";
import { insertClient } from "../../db/clients.ts";
import { insertHolds, updateHolds } from "../../db/holds.ts";
import { type OutboxRow, insertOutboxEntries } from "../../db/outbox.ts";
import { type CreditRow, updateCredits } from "../../db/pools.ts";
import { insertNumberedEvents } from "../../db/session-events.ts";
import { insertSessions, updateSessionTimes } from "../../db/sessions.ts";
import type { Changes } from "../../domain/lane/changes.ts";
import type { RoomEvent } from "../../domain/room.ts";

/** Something that was decided could not be written, since another writer got there without the lanes. */
class WriteConflict extends Error {
  constructor(what: string) {
    super(`${what} changed while a batch was being written`);
    this.name = "WriteConflict";
  }
}

/** Changes with the events and entries that come of them. */
export type BatchChanges = Omit<Changes, "events" | "outbox" | "sessionsCancelled"> & {
  events: (RoomEvent & { requestId: string | null })[];
  outbox: OutboxRow[];
};

/**
 * Writes what a batch decided: one statement for each kind of row, all of them on their way before the first has come
 * back. What a batch made and took away again is not written at all.
 * @throws WriteConflict when a claim overlaps one that was not there when the batch was decided
 */
export const writeChanges = async (sql: Sql, changes: BatchChanges): Promise<void> => {
  const deleted = new Set(changes.claimsDeleted);
  const claims = changes.claimsInserted.filter(({ id }) => !deleted.has(id));
  const writes: Promise<unknown>[] = [];
  const write = <T>(rows: readonly T[], how: (sql: Sql, rows: readonly T[]) => Promise<unknown>): void => {
    if (rows.length > 0) writes.push(how(sql, rows));
  };
  for (const client of changes.clients) writes.push(insertClient(sql, client));
  write(changes.claimsDeleted, deleteClaims);
  write(claims, async (_, rows) => {
    if ((await insertClaims(sql, rows)) < rows.length) throw new WriteConflict("a coach's time");
  });
  write(changes.claimsKept, updateClaims);
  write(changes.holdsInserted, insertHolds);
  write(newest(changes.holdsUpdated), updateHolds);
  write(changes.bookingsInserted, insertBookings);
  write(newest(changes.bookingsUpdated), updateBookings);
  write(changes.sessionsInserted, insertSessions);
  write(newest(changes.sessionsMoved), updateSessionTimes);
  write(changes.events, insertNumberedEvents);
  write(changes.outbox, insertOutboxEntries);
  write(summed(changes.credits), updateCredits);
  await Promise.all(writes);
};

/** Of rows that changed more than once, how they are in the end. */
const newest = <T extends { id: string }>(rows: readonly T[]): T[] => [
  ...new Map(rows.map((row) => [row.id, row])).values(),
];

/** One change for each member, in the order of their keys. */
const summed = (credits: Changes["credits"]): CreditRow[] => {
  const rows = new Map<string, CreditRow>();
  for (const { poolId, coachId, delta, chosen } of credits) {
    const before = rows.get(`${poolId} ${coachId}`);
    rows.set(`${poolId} ${coachId}`, {
      poolId,
      coachId,
      delta: delta + (before?.delta ?? 0),
      assigned: chosen || (before?.assigned ?? false),
    });
  }
  return [...rows.values()].sort((a, b) => (a.poolId + a.coachId < b.poolId + b.coachId ? -1 : 1));
};
