import type { Absent } from "./session.ts";

/** What happened, for jobs and webhooks: written with the change that it tells of, acted on after the commit. */
export type OutboxEventType =
  | "booking.requested"
  | "booking.accepted"
  | "booking.declined"
  | "booking.cancelled"
  | "booking.rescheduled"
  | "booking.expired"
  | "session.started"
  | "session.ended"
  | "session.cancelled"
  | "session.no_show"
  /** For jobs alone: it has the summary written anew, and that is what webhooks are told. */
  | "session.corrected"
  | "participant.joined"
  | "participant.left"
  | "summary.ready";

/** An entry about to be written: names its subjects by id, so that a job reads what is true when it runs. */
export type NewOutboxEntry = {
  type: OutboxEventType;
  payload: {
    bookingId?: string;
    sessionId?: string;
    participantId?: string;
    reason?: string;
    /** Who did not come, of a no-show. */
    absent?: Absent;
  };
};
