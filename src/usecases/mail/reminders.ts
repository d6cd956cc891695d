import { listUpcomingBookingIds } from "../../db/bookings.ts";
import { deleteReminders } from "../../db/jobs.ts";
import { type MailFacts, findMailFacts, findMailFactsForUpdate } from "../../db/mails.ts";
import type { Side } from "../../domain/room.ts";
import { addMinutes } from "../../domain/time.ts";
import type { App } from "../app.ts";
import { type Transaction, transact } from "../transaction.ts";
import { type Delivery, deliverNotice } from "./deliver.ts";
import { type ReminderTerm, decideReminder } from "./notice.ts";

/**
 * Makes the reminders of a booking as it stands, and takes those away that wait for another time of it. One whose moment
 * had gone by before the booking came to its time is not made: the mail that told of the booking has just been sent.
 * Idempotent on the booking.
 * @returns how many reminders the booking has ahead
 */
export const planReminders = (
  app: App,
  { bookingId, requestId }: { bookingId: string; requestId: string | null },
): Promise<number> =>
  transact(app, { requestId: requestId ?? app.newId() }, async (transaction) => {
    // Under the lock: of two that run at once, the one that comes second sees what the first could not.
    const facts = await findMailFactsForUpdate(transaction.sql, bookingId);
    const due = facts ? remindersOf(facts, app.config.reminderMinutes) : [];
    await deleteReminders(transaction.sql, bookingId, due.length > 0 && facts ? facts.startsAt : null);
    await transaction.addJobs(
      ...due.map(({ startsAt, minutesBefore }) => ({
        id: reminderId(bookingId, { startsAt, minutesBefore }),
        name: "remind",
        payload: { bookingId, minutesBefore, startsAt: startsAt.toISOString() },
        dueAt: addMinutes(startsAt, -minutesBefore),
      })),
    );
    return due.length;
  });

/** Whoever gets an address is reminded of this many of their next sessions, and of those that are booked after it. */
const maxReplanned = 200;

type Person = { id: string; email: string | null; version: number };

/**
 * Has the reminders of somebody's upcoming sessions made once they have an address: for bookings that nobody with one was
 * concerned in, none were made when they were accepted. Does nothing for whoever had an address before. To be called in
 * the transaction that changes the person, with the person's row locked.
 */
export const planRemindersOf = async (
  transaction: Transaction,
  side: Side,
  { before, after }: { before: Person; after: Person },
): Promise<void> => {
  if (before.email !== null || after.email === null) return;
  const { id: personId, version } = after;
  const bookingIds = await listUpcomingBookingIds(transaction.sql, { side, personId, limit: maxReplanned });
  await transaction.addJobs(
    ...bookingIds.map((bookingId) => ({
      id: `plan-reminders-${bookingId}-${personId}-${version}`,
      name: "plan-reminders",
      payload: { bookingId },
      dueAt: null,
    })),
  );
};

const remindersOf = (facts: MailFacts, reminderMinutes: readonly number[]): ReminderTerm[] => {
  const { startsAt, updatedAt, now } = facts;
  const stands = facts.bookingStatus === "accepted" && facts.sessionStatus === "scheduled" && startsAt > now;
  if (!stands || (facts.coach.email === null && facts.client.email === null)) return [];
  return reminderMinutes
    .filter((minutesBefore) => addMinutes(startsAt, -minutesBefore) > updatedAt)
    .map((minutesBefore) => ({ startsAt, minutesBefore }));
};

/** Of a booking, a start and a distance: a move makes others, and a move back the same again. */
const reminderId = (bookingId: string, { startsAt, minutesBefore }: ReminderTerm): string =>
  `remind-${bookingId}-${startsAt.getTime()}-${minutesBefore}`;

export type RemindInput = ReminderTerm & { bookingId: string };

/**
 * Reminds both sides of a session, if it still stands as it did when the reminder was made. Idempotent on the reminder.
 * @throws DomainError `unavailable` while a mail is left to be tried again
 */
export const remind = async (app: App, { bookingId, ...term }: RemindInput): Promise<Delivery> => {
  const facts = await findMailFacts(app.sql, { bookingId });
  if (!facts) return { mails: 0, silent: "nobody_concerned" };
  const decision = decideReminder(term, facts, app.config.reminderMinutes);
  const cause = reminderId(bookingId, term);
  const delivery = await deliverNotice(app, { cause, facts, decision, reason: null });
  if (delivery.silent) app.log.info({ bookingId, why: delivery.silent }, "a reminder led to no mail");
  return delivery;
};
