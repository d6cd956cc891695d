import { insertBookings, updateBookings } from "../../db/bookings.ts";
import { deleteClaims, insertClaims, updateClaims } from "../../db/claims.ts";
import { type Fragment, type Sql, insertTogether } from "../../db/client.ts";
import { insertClients } from "../../db/clients.ts";
import { insertHolds, updateHolds } from "../../db/holds.ts";
import { type IdempotencyRecord, type IdempotencyRef, upsertRecords } from "../../db/idempotency.ts";
import { type OutboxRow, insertOutboxEntries } from "../../db/outbox.ts";
import { type CreditRow, updateCredits } from "../../db/pools.ts";
import { insertNumberedEvents } from "../../db/session-events.ts";
import { insertSessions, updateSessionTimes } from "../../db/sessions.ts";
import type { Changes } from "../../domain/lane/changes.ts";
import type { RoomEvent } from "../../domain/room.ts";

/** Changes with the events and entries that come of them. */
export type BatchChanges = Omit<Changes, "events" | "outbox" | "sessionsCancelled"> & {
  events: (RoomEvent & { requestId: string | null })[];
  outbox: OutboxRow[];
};

/**
 * The statements that write what a batch decided, to be run in this order: what goes and what changes, then all that is
 * new in one. What a batch made and took away again is not written at all.
 */
export const changeStatements = (
  sql: Sql,
  changes: BatchChanges,
  records: readonly (IdempotencyRef & IdempotencyRecord)[],
): Fragment[] => {
  const gone = new Set(changes.claimsDeleted);
  const claims = changes.claimsInserted.filter(({ id }) => !gone.has(id));
  const some = <T>(rows: readonly T[], how: (sql: Sql, rows: readonly T[]) => Fragment): Fragment[] =>
    rows.length > 0 ? [how(sql, rows)] : [];
  const fresh = insertTogether(sql, [
    ...some(changes.clients, insertClients),
    ...some(claims, insertClaims),
    ...some(changes.holdsInserted, insertHolds),
    ...some(changes.bookingsInserted, insertBookings),
    ...some(changes.sessionsInserted, insertSessions),
    ...some(changes.events, insertNumberedEvents),
    ...some(changes.outbox, insertOutboxEntries),
    ...some(records, upsertRecords),
  ]);
  return [
    ...some(changes.claimsDeleted, deleteClaims),
    ...some(changes.claimsKept, updateClaims),
    ...some(newest(changes.holdsUpdated), updateHolds),
    ...(fresh ? [fresh] : []),
    ...some(newest(changes.bookingsUpdated), updateBookings),
    ...some(newest(changes.sessionsMoved), updateSessionTimes),
    ...some(summed(changes.credits), updateCredits),
  ];
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
