import { DomainError, invalidState } from "./errors.ts";
import { addMinutes } from "./time.ts";

export type SessionStatus = "scheduled" | "in_progress" | "completed" | "cancelled" | "no_show";

/** Who did not come to a session. */
export type Absent = "coach" | "client" | "both";

/** The meeting itself, made when a booking is accepted; it has a live room. */
export type Session = {
  id: string;
  bookingId: string;
  status: SessionStatus;
  coachId: string;
  clientId: string;
  startsAt: Date;
  endsAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
  /**
   * Why it ended: what its caller said, or `empty_room`, `overrun`, `time_over`, `no_show` where the hub closed it. A
   * correction of the outcome leaves it.
   */
  endReason: string | null;
  /** Who did not come, of a no-show; null of every other session. */
  absent: Absent | null;
  /** People with an open visit to the room. */
  participantCount: number;
  /** The number of the newest event of the room; 0 before the first. */
  lastSeq: number;
  version: number;
  createdAt: Date;
  updatedAt: Date;
};

const closedStatuses: readonly SessionStatus[] = ["completed", "cancelled", "no_show"];

/** True once nothing changes any more: the states are terminal. */
export const isClosed = (status: SessionStatus): boolean => closedStatuses.includes(status);

/** `complete`: its time is over, whether anybody told the hub that it began or not. */
export type Transition = "start" | "end" | "complete" | "cancel" | "no_show";

const open: readonly SessionStatus[] = ["scheduled", "in_progress"];

const transitions: Record<Transition, { from: readonly SessionStatus[]; to: SessionStatus; cannot: string }> =
  {
    start: { from: ["scheduled"], to: "in_progress", cannot: "start" },
    end: { from: ["in_progress"], to: "completed", cannot: "end" },
    complete: { from: open, to: "completed", cannot: "be completed" },
    cancel: { from: open, to: "cancelled", cannot: "cancel" },
    no_show: { from: open, to: "no_show", cannot: "become a no-show" },
  };

/**
 * The status that a transition leads to.
 * @throws DomainError `invalid_state` when the session is in no state that allows it
 */
export const nextStatus = (status: SessionStatus, transition: Transition): SessionStatus => {
  const { from, to, cannot } = transitions[transition];
  if (from.includes(status)) return to;
  throw invalidState(status, `A session that is ${status} cannot ${cannot}.`);
};

/**
 * Whether somebody came is known from the start on.
 * @throws DomainError `too_early`, with the wait as `retryAfterMs`
 */
export const assertBegun = ({ startsAt }: Pick<Session, "startsAt">, now: Date): void => {
  if (now >= startsAt) return;
  throw new DomainError("conflict", "too_early", `The session starts at ${startsAt.toISOString()}.`, {
    facts: { retryAfterMs: startsAt.getTime() - now.getTime() },
  });
};

/** What a session may have come to, short of being cancelled. */
export type Outcome = "completed" | "no_show";

/** How long an outcome may be corrected. */
const correctionDays = 7;

/**
 * The one way in which a closed session changes: its outcome to the other one, for some days.
 * @returns the outcome that it had
 * @throws DomainError `invalid_state`, `too_late`
 */
export const assertCorrectable = (
  { status, endedAt }: Pick<Session, "status" | "endedAt">,
  outcome: Outcome,
  now: Date,
): Outcome => {
  if ((status !== "completed" && status !== "no_show") || status === outcome || !endedAt)
    throw invalidState(status, `A session that is ${status} cannot be corrected to ${outcome}.`);
  if (now > addMinutes(endedAt, correctionDays * 24 * 60)) {
    const detail = `An outcome may be corrected for ${correctionDays} days.`;
    throw new DomainError("conflict", "too_late", detail);
  }
  return status;
};

/** When the room of a session opens. */
export const joinOpensAt = (session: Pick<Session, "startsAt">, joinEarlyMinutes: number): Date =>
  addMinutes(session.startsAt, -joinEarlyMinutes);

/**
 * Joining is open from some minutes before the start until the session closes.
 * @throws DomainError `session_closed`, or `too_early` with the wait as `retryAfterMs`
 */
export const assertJoinable = (
  session: Pick<Session, "status" | "startsAt">,
  joinEarlyMinutes: number,
  now: Date,
): void => {
  if (isClosed(session.status)) {
    throw new DomainError(
      "conflict",
      "session_closed",
      `This session is ${session.status}; its room is closed.`,
    );
  }
  const opensAt = joinOpensAt(session, joinEarlyMinutes);
  if (session.status === "scheduled" && now < opensAt) {
    throw new DomainError("conflict", "too_early", `The room opens at ${opensAt.toISOString()}.`, {
      facts: { retryAfterMs: opensAt.getTime() - now.getTime() },
    });
  }
};

/** The roles of those present decide whether a scheduled session starts by itself. */
export const startsByItself = (
  session: Pick<Session, "status">,
  rolesPresent: readonly string[],
  autoStart: "both_present" | "manual",
): boolean =>
  autoStart === "both_present" &&
  session.status === "scheduled" &&
  rolesPresent.includes("coach") &&
  rolesPresent.includes("client");
