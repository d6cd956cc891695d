import type { BookingRecord } from "../booking.ts";
import type { NewClient } from "../client.ts";
import type { HoldRecord } from "../hold.ts";
import type { NewOutboxEntry } from "../outbox.ts";
import { type Assignment, type CreditChange, refundOf } from "../pool.ts";
import type { NewRoomEvent } from "../room.ts";
import type { Session } from "../session.ts";
import type { Claim, LaneState } from "./state.ts";

/** The rows that a decision asks to be written; written together with those of its whole batch. */
export type Changes = {
  clients: NewClient[];
  claimsDeleted: string[];
  claimsInserted: (Claim & { reason: string | null })[];
  /** Claims that change their kind or deadline and stay where they are. */
  claimsKept: { id: string; kind: Claim["kind"]; expiresAt: Date | null }[];
  holdsInserted: HoldRecord[];
  holdsUpdated: HoldRecord[];
  bookingsInserted: BookingRecord[];
  bookingsUpdated: BookingRecord[];
  sessionsInserted: Session[];
  sessionsMoved: Session[];
  /** Sessions that are cancelled, with everybody who is in the room. */
  sessionsCancelled: { session: Session; at: Date; reason: string | null }[];
  events: { session: Session; seq: number; event: NewRoomEvent }[];
  outbox: NewOutboxEntry[];
  credits: (CreditChange & { poolId: string; chosen: boolean })[];
};

export const noChanges = (): Changes => ({
  clients: [],
  claimsDeleted: [],
  claimsInserted: [],
  claimsKept: [],
  holdsInserted: [],
  holdsUpdated: [],
  bookingsInserted: [],
  bookingsUpdated: [],
  sessionsInserted: [],
  sessionsMoved: [],
  sessionsCancelled: [],
  events: [],
  outbox: [],
  credits: [],
});

/**
 * Appends an event to a session's log: takes the next number, and puts the session as it is then into the event.
 * The session's row is locked by this batch or made in it.
 */
export const appendEvent = (changes: Changes, session: Session, event: NewRoomEvent): Session => {
  const numbered = { ...session, lastSeq: session.lastSeq + 1 };
  const data = "session" in event.data ? { ...event.data, session: numbered } : event.data;
  changes.events.push({
    session: numbered,
    seq: numbered.lastSeq,
    event: { ...event, data } as NewRoomEvent,
  });
  return numbered;
};

/** Charges or refunds a choice from a pool, here and in what is written. */
export const changeCredits = (
  { state }: { state: LaneState },
  changes: Changes,
  { poolId, deltas, chosen }: { poolId: string; deltas: readonly CreditChange[]; chosen: string | null },
): void => {
  const members = state.pools.get(poolId)?.members ?? [];
  for (const { coachId, delta } of deltas) {
    changes.credits.push({ poolId, coachId, delta, chosen: coachId === chosen });
    const member = members.find((one) => one.coachId === coachId);
    if (!member) continue;
    member.credit += delta;
    if (coachId === chosen) member.lastAssignedAt = state.now;
  }
};

/** Takes back how a pool chose for something that did not come to pass. */
export const refundChoice = (
  state: LaneState,
  changes: Changes,
  { poolId, assignment }: { poolId: string | null; assignment: Assignment | null },
): void => {
  if (poolId === null || !assignment) return;
  changeCredits({ state }, changes, { poolId, deltas: refundOf(assignment), chosen: null });
};
