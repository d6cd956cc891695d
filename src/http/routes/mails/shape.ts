import type { listMails } from "../../../usecases/mail/read.ts";

type Listed = Awaited<ReturnType<typeof listMails>>["data"][number];

/** A mail as it is listed. */
export const shapeMail = (mail: Listed) => ({
  id: mail.id,
  kind: mail.kind,
  status: mail.status,
  bookingId: mail.bookingId,
  to: { personId: mail.personId, name: mail.toName, address: mail.toAddress },
  subject: mail.subject,
  messageId: mail.messageId,
  invitation: mail.icsMethod,
  attempts: mail.attempts,
  lastError: mail.lastError,
  createdAt: mail.createdAt,
  sentAt: mail.sentAt,
});
