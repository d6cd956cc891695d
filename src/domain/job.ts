import type { OutboxEventType } from "./outbox.ts";
import type { Absent } from "./session.ts";

/** What a job is about, by ids: it reads what is true when it runs. */
export type JobPayload = {
  /** The entry of the outbox that asked for it, and what that says happened. */
  entryId?: string;
  type?: OutboxEventType;
  bookingId?: string;
  sessionId?: string;
  participantId?: string;
  calendarId?: string;
  endpointId?: string;
  /** Why, in the words of whoever declined or cancelled. */
  reason?: string;
  /** Of a no-show. */
  absent?: Absent;
  /** Of a reminder: how long before the start, and the start that it was made for. */
  minutesBefore?: number;
  startsAt?: string;
};

/** A job about to be written. */
export type NewJob = {
  /** Made from what asks for it, so that asking twice makes one. No `:`, and not digits only. */
  id: string;
  name: string;
  payload: JobPayload;
  requestId: string | null;
  /** When it is to run; null is now. */
  dueAt: Date | null;
};
