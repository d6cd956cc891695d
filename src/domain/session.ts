import { DomainError, invalidState } from "./errors.ts";
import { addMinutes } from "./time.ts";

export type SessionStatus = "scheduled" | "in_progress" | "completed" | "cancelled" | "no_show";

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
  endReason: string | null;
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

export type Transition = "start" | "end" | "cancel";

const transitions: Record<Transition, { from: readonly SessionStatus[]; to: SessionStatus }> = {
  start: { from: ["scheduled"], to: "in_progress" },
  end: { from: ["in_progress"], to: "completed" },
  cancel: { from: ["scheduled", "in_progress"], to: "cancelled" },
};

/**
 * The status that a transition leads to.
 * @throws DomainError `invalid_state` when the session is in no state that allows it
 */
export const nextStatus = (status: SessionStatus, transition: Transition): SessionStatus => {
  const { from, to } = transitions[transition];
  if (from.includes(status)) return to;
  throw invalidState(status, `A session that is ${status} cannot ${transition}.`);
};

/** When the room of a session opens. */
const joinOpensAt = (session: Pick<Session, "startsAt">, joinEarlyMinutes: number): Date =>
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
