import type { MailFacts } from "../../db/mails.ts";
import type { OutboxEventType } from "../../domain/outbox.ts";
import { bookingAccepted } from "./templates/booking-accepted.ts";
import { bookingCancelled } from "./templates/booking-cancelled.ts";
import { bookingDeclined } from "./templates/booking-declined.ts";
import { bookingExpired } from "./templates/booking-expired.ts";
import { bookingRequested } from "./templates/booking-requested.ts";
import { bookingRescheduled } from "./templates/booking-rescheduled.ts";
import type { Template } from "./templates/letter.ts";
import { reminder } from "./templates/reminder.ts";
import { sessionEnded } from "./templates/session-ended.ts";
import { sessionNoShow } from "./templates/session-no-show.ts";
import { sessionStarted } from "./templates/session-started.ts";

export type Reader = "coach" | "client";

/** Which mail something leads to, as things stand. */
export type Notice = {
  kind: OutboxEventType | "reminder";
  readers: readonly Reader[];
  template: Template;
  method: "REQUEST" | "CANCEL" | null;
};

/** No mail, and why: something that came later tells what is true now, or there is nobody to tell. */
export type Silence = { silent: "superseded" | "nobody_concerned" | "too_late" };

const both: readonly Reader[] = ["coach", "client"];

const overtaken: Silence = { silent: "superseded" };

type Rule = (facts: MailFacts) => Notice | Silence;

const whileBooking =
  (
    status: MailFacts["bookingStatus"],
    notice: Omit<Notice, "method">,
    method?: (facts: MailFacts) => Notice["method"],
  ): Rule =>
  (facts) =>
    facts.bookingStatus === status ? { ...notice, method: method?.(facts) ?? null } : overtaken;

const whileSession =
  (status: NonNullable<MailFacts["sessionStatus"]>, notice: Omit<Notice, "method">): Rule =>
  (facts) =>
    facts.sessionStatus === status ? { ...notice, method: null } : overtaken;

/**
 * What each event leads to. One that is not here is mailed by another: a session is cancelled with its booking, and a
 * summary belongs to a session whose end was told.
 */
const rules: Partial<Record<OutboxEventType, Rule>> = {
  "booking.requested": whileBooking("pending", {
    kind: "booking.requested",
    readers: both,
    template: bookingRequested,
  }),
  "booking.accepted": whileBooking(
    "accepted",
    { kind: "booking.accepted", readers: both, template: bookingAccepted },
    () => "REQUEST",
  ),
  "booking.rescheduled": whileBooking(
    "accepted",
    { kind: "booking.rescheduled", readers: both, template: bookingRescheduled },
    () => "REQUEST",
  ),
  "booking.declined": whileBooking("declined", {
    kind: "booking.declined",
    readers: ["client"],
    template: bookingDeclined,
  }),
  "booking.expired": whileBooking("expired", {
    kind: "booking.expired",
    readers: ["client"],
    template: bookingExpired,
  }),
  "booking.cancelled": whileBooking(
    "cancelled",
    { kind: "booking.cancelled", readers: both, template: bookingCancelled },
    // Only what has been accepted has ever been in a calendar.
    ({ sessionId }) => (sessionId === null ? null : "CANCEL"),
  ),
  "session.started": (facts) => {
    if (facts.sessionStatus !== "in_progress") return overtaken;
    const held = facts.location?.kind ?? "room";
    const missing = both.filter((reader) => !facts.present.includes(facts[`${reader}Id`]));
    if (held === "in_person" || missing.length === 0) return { silent: "nobody_concerned" };
    return { kind: "session.started", readers: missing, template: sessionStarted, method: null };
  },
  "session.ended": whileSession("completed", {
    kind: "session.ended",
    readers: both,
    template: sessionEnded,
  }),
  "session.no_show": whileSession("no_show", {
    kind: "session.no_show",
    readers: both,
    template: sessionNoShow,
  }),
};

/** True for what a mail is written about, if anybody can be written to. */
export const isMailed = (type: OutboxEventType): boolean => rules[type] !== undefined;

/** Which mail an event leads to now, whatever has happened since. */
export const decideNotice = (type: OutboxEventType, facts: MailFacts): Notice | Silence =>
  rules[type]?.(facts) ?? { silent: "nobody_concerned" };

/** A reminder that was made for a start, so many minutes ahead of it. */
export type ReminderTerm = { startsAt: Date; minutesBefore: number };

/**
 * Whether a reminder is sent when its time has come: not once the session has moved, ended or begun, nor when a later
 * reminder is due as well, as after a time in which nothing ran.
 */
export const decideReminder = (
  { startsAt, minutesBefore }: ReminderTerm,
  facts: MailFacts,
  reminderMinutes: readonly number[],
): Notice | Silence => {
  const stands = facts.bookingStatus === "accepted" && facts.sessionStatus === "scheduled";
  if (!stands || facts.startsAt.getTime() !== startsAt.getTime()) return overtaken;
  const minutesLeft = (startsAt.getTime() - facts.now.getTime()) / 60_000;
  const overtakenBy = reminderMinutes.some((other) => other < minutesBefore && minutesLeft <= other);
  if (minutesLeft <= 0 || overtakenBy) return { silent: "too_late" };
  return { kind: "reminder", readers: both, template: reminder, method: null };
};
