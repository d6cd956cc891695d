import {
  type Mail,
  type MailFacts,
  type NewMail,
  findMail,
  insertMails,
  listMailsOf,
  updateMailDone,
  updateMailNotSent,
  updateMailOvertaken,
  updateMailTaken,
  updateMailsDropped,
} from "../../db/mails.ts";
import { DomainError } from "../../domain/errors.ts";
import { MailDeferred, MailRefused, sendTimeoutMs } from "../../outbound/mail.ts";
import type { App } from "../app.ts";
import { composeMails } from "./compose.ts";
import type { Notice, Silence } from "./notice.ts";

/** What came of an order: the mails that have gone, or why there are none. */
export type Delivery = { mails: number; silent?: Silence["silent"] };

/** Longer than an attempt takes: whoever has a mail for longer has died, or stood still. */
const leaseMs = sendTimeoutMs + 15_000;

/** What a cause leads to now: mails, or none, and then what waits of it is given up. */
type Order = { cause: string } & ({ mails: readonly NewMail[] } | Silence);

/**
 * Writes the mails of a cause and sends what of it has not gone yet. May run any number of times, also at once: a mail
 * is written once and goes out as it was written.
 *
 * Once by its Message-ID: a mail may reach a person twice when the hub dies between the mail server's OK and the note of
 * it, or stands still in an attempt for longer than the lease; both then carry one id, which receivers know it by.
 * What was written and has not gone when the booking changes again never goes: the next change tells what is true.
 * @throws DomainError `unavailable` while something is left to be tried again
 */
export const deliverMails = async (app: App, order: Order): Promise<Delivery> => {
  const { cause } = order;
  if ("silent" in order) await updateMailsDropped(app.sql, cause);
  else if (order.mails.length > 0) await insertMails(app.sql, order.mails);
  const written = await listMailsOf(app.sql, cause);
  const waiting = written.filter(({ status }) => status === "pending");
  const outcomes = await Promise.all(waiting.map((mail) => attempt(app, mail)));
  if (outcomes.includes("later")) {
    throw new DomainError("unavailable", "unavailable", "A mail could not be sent yet; it is tried again.");
  }
  return { mails: written.length, ...("silent" in order ? { silent: order.silent } : {}) };
};

/** What was decided of a booking, for {@link deliverMails}. */
type NoticeOrder = { cause: string; facts: MailFacts; decision: Notice | Silence; reason: string | null };

/** Tells of a booking what was decided. @throws DomainError `unavailable` as {@link deliverMails} does */
export const deliverNotice = async (
  app: App,
  { cause, facts, decision, reason }: NoticeOrder,
): Promise<Delivery> => {
  if ("silent" in decision) return deliverMails(app, { cause, ...decision });
  const mails = await composeMails(app, { cause, notice: decision, facts, reason });
  return deliverMails(app, { cause, mails });
};

/** No transaction is open while the mail server is asked: it may take its time. */
const attempt = async (app: App, mail: Mail): Promise<"done" | "later"> => {
  const { id, kind, messageId, subject, text, html, ics, icsMethod } = mail;
  const number = await updateMailTaken(app.sql, id, leaseMs);
  if (number === null) {
    await updateMailOvertaken(app.sql, id);
    return (await findMail(app.sql, id))?.status === "pending" ? "later" : "done";
  }
  const note = { mailId: id, kind, bookingId: mail.bookingId, attempt: number };
  try {
    const status = await app.mail.send({
      messageId,
      date: mail.createdAt,
      to: { name: mail.toName, address: mail.toAddress },
      kind,
      subject,
      text,
      html,
      ics: ics === null || icsMethod === null ? null : { method: icsMethod, content: ics },
    });
    await updateMailDone(app.sql, id, status);
    app.log.debug({ ...note, status }, "a mail has gone");
    return "done";
  } catch (error) {
    const final = error instanceof MailRefused;
    if (!final && !(error instanceof MailDeferred)) throw error;
    await updateMailNotSent(app.sql, id, { attempt: number, error: error.message.slice(0, 1000), final });
    // What the mail server says may hold the address, so it stays in the table.
    if (final) app.log.warn(note, "a mail was refused for good");
    else app.log.warn({ ...note, what: error.what }, "a mail could not be sent; it is tried again");
    return final ? "done" : "later";
  }
};
