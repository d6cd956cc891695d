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
  | "participant.joined"
  | "participant.left"
  | "summary.ready";

/** An entry about to be written: names its subjects by id, so that a job reads what is true when it runs. */
export type NewOutboxEntry = {
  type: OutboxEventType;
  payload: { bookingId?: string; sessionId?: string; participantId?: string; reason?: string };
};
