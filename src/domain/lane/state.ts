import type { BookingRecord } from "../booking.ts";
import { type CoachCalendar, type SlotCandidate, type SlotReason, findReason } from "../calendar.ts";
import type { Client } from "../client.ts";
import { notFound } from "../errors.ts";
import type { HoldRecord } from "../hold.ts";
import type { PoolMember } from "../pool.ts";
import type { SessionType } from "../session-type.ts";
import type { Session } from "../session.ts";
import { type Stretch, type Timeline, timelineOf } from "../timeline.ts";
import { type Day, dayAt } from "../zone.ts";

export type ClaimKind = "hold" | "booking" | "block";

/** A stretch of a coach's time that nothing else may take. */
export type Claim = {
  id: string;
  coachId: string;
  kind: ClaimKind;
  /** What it takes, buffers included. */
  taken: Stretch;
  /** The session's own start, in milliseconds; null for a block. */
  startsAt: number | null;
  /** Past this the claim is nothing, whether it has been deleted yet or not. */
  expiresAt: Date | null;
};

/** A coach as a lane knows them. */
export type LaneCoach = {
  coach: CoachCalendar["coach"];
  windows: Timeline | null;
  busy: Timeline;
  /** The claims that touch what is asked for; with a daily limit, those of the days around as well. */
  claims: Claim[];
  /** True when clients have to name a session type here. */
  offersTypes: boolean;
};

export type LanePool = {
  id: string;
  /** The members whose lanes are locked, so that what is decided for them stays true. */
  members: PoolMember[];
  offersTypes: boolean;
};

/** A session type, and every coach whom it may be booked with: its own, and the members of its pools. */
export type LaneType = { type: SessionType; offeringCoachIds: ReadonlySet<string> };

/** A client, and how many holds they have open. */
export type LaneClient = { client: Client; openHolds: number };

/**
 * All that the requests of one batch are decided on, read at one time under the locks of their lanes. Decisions
 * keep it true: each sees what those before it did.
 */
export type LaneState = {
  /** The database's time. */
  now: Date;
  coaches: Map<string, LaneCoach>;
  pools: Map<string, LanePool>;
  types: Map<string, LaneType>;
  clients: Map<string, LaneClient>;
  holds: Map<string, HoldRecord>;
  /** Those that are asked about, and those that the same clients have at the same time. */
  bookings: Map<string, BookingRecord>;
  sessions: Map<string, Session>;
};

/** The coach's calendar as it stands in this batch; `without` leaves out a claim that is about to move. */
const calendarOf = ({ coach, windows, busy, claims }: LaneCoach, without: string | null): CoachCalendar => {
  const standing = without === null ? claims : claims.filter(({ id }) => id !== without);
  const startsByDay = new Map<Day, number>();
  if (coach.dailyLimit !== null) {
    for (const { startsAt } of standing) {
      if (startsAt === null) continue;
      const day = dayAt(coach.timeZone, startsAt);
      startsByDay.set(day, (startsByDay.get(day) ?? 0) + 1);
    }
  }
  return { coach, windows, busy, claimed: timelineOf(standing.map(({ taken }) => taken)), startsByDay };
};

/** Asks the evaluator about a coach's time, as it stands in this batch. */
export const reasonAgainst = (
  state: LaneState,
  { coachId, slot, without = null }: { coachId: string; slot: SlotCandidate; without?: string | null },
): SlotReason | null =>
  findReason(calendarOf(requireLaneCoach(state, coachId), without), slot, state.now.getTime());

/** @throws DomainError `not_found` */
export const requireLaneCoach = (state: LaneState, coachId: string): LaneCoach => {
  const found = state.coaches.get(coachId);
  if (!found) throw notFound("coach");
  return found;
};

export const addClaim = (state: LaneState, claim: Claim): void => {
  state.coaches.get(claim.coachId)?.claims.push(claim);
};

export const removeClaim = (state: LaneState, coachId: string, claimId: string): void => {
  const lane = state.coaches.get(coachId);
  if (lane) lane.claims = lane.claims.filter(({ id }) => id !== claimId);
};
