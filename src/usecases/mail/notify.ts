import { type EntrySubject, findMailFacts, listEntriesWithReaders } from "../../db/mails.ts";
import type { Sql } from "../../db/client.ts";
import type { OutboxEventType } from "../../domain/outbox.ts";
import type { App } from "../app.ts";
import { type Delivery, deliverNotice } from "./deliver.ts";
import { decideNotice, isMailed } from "./notice.ts";

/** An entry of the outbox that somebody may have to be told of. */
export type NoticeInput = {
  entryId: string;
  type: OutboxEventType;
  bookingId?: string | undefined;
  sessionId?: string | undefined;
  /** Why, in the words of whoever declined or cancelled. */
  reason?: string | undefined;
};

/**
 * Mails those whom an event concerns. Facts are read as they are now: an event that was overtaken leads to no mail of
 * its own, since what overtook it leads to one. Idempotent on the entry.
 * @throws DomainError `unavailable` while a mail is left to be tried again
 */
export const notify = async (app: App, input: NoticeInput): Promise<Delivery> => {
  const { entryId, type, bookingId, sessionId, reason } = input;
  const facts = await findMailFacts(app.sql, { bookingId, sessionId });
  if (!facts) return { mails: 0, silent: "nobody_concerned" };
  const decision = decideNotice(type, facts);
  const delivery = await deliverNotice(app, { cause: entryId, facts, decision, reason: reason ?? null });
  if (delivery.silent)
    app.log.info(
      { entryId, type, bookingId: facts.bookingId, why: delivery.silent },
      "an event led to no mail",
    );
  return delivery;
};

/**
 * Which of these entries concern anybody with a mail address; one statement for all of them. The others need no job for
 * mail or reminders.
 */
export const listEntriesToMail = async (
  sql: Sql,
  entries: readonly (EntrySubject & { type: OutboxEventType })[],
): Promise<Set<string>> => {
  const mailed = entries.filter(({ type }) => isMailed(type));
  return new Set(mailed.length === 0 ? [] : await listEntriesWithReaders(sql, mailed));
};
