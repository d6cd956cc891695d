import { createTransport } from "nodemailer";
import { MailDeferred, MailRefused, type MailTransport, sendTimeoutMs } from "./mail.ts";

/** What nodemailer says of an attempt that failed. */
type Failure = Error & {
  code?: string;
  originalCode?: string;
  command?: string;
  responseCode?: number;
  permanent?: boolean;
  response?: string;
};

/** By SMTP, over a few connections that stay open while there is something to send. */
export const createMailSmtp = (smtpUrl: string, from: string): MailTransport => {
  const transport = createTransport({
    url: smtpUrl,
    pool: true,
    maxConnections: 5,
    idleTimeout: 30_000,
    // Of a connection that turns out to be closed: tried on another one, once.
    maxRequeues: 1,
    connectionTimeout: 8_000,
    dnsTimeout: 5_000,
    greetingTimeout: 5_000,
    socketTimeout: 10_000,
    socketCloseTimeout: 1_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    send: async ({ messageId, date, to, subject, text, html, ics }) => {
      const content = {
        from,
        to,
        subject,
        text,
        html,
        messageId,
        date,
        xMailer: false as const,
        // From the mail, so that each attempt at it is the same to the byte.
        baseBoundary: messageId.replaceAll(/[^\w-]/g, "").slice(0, 40),
        // Answers out of office are for people.
        headers: { "Auto-Submitted": "auto-generated" },
        ...(ics ? { icalEvent: { ...ics, filename: "invite.ics" } } : {}),
      };
      try {
        await transport.sendMail({ ...content, signal: AbortSignal.timeout(sendTimeoutMs) });
        return "sent";
      } catch (error) {
        throw judge(error as Failure);
      }
    },
    close: async () => transport.close({ force: true }),
  };
};

/**
 * A 5xx to the recipient or the message is final. One to the login or the sender is about the hub's settings, as is a
 * server that is away: those may be put right.
 */
const judge = ({
  message,
  code,
  originalCode,
  command,
  responseCode,
  permanent,
  response,
}: Failure): Error => {
  const final = permanent === true && (command === "RCPT TO" || command === "DATA");
  if (final) return new MailRefused(response ?? message);
  const what = [code, originalCode, command, responseCode].filter((part) => part !== undefined).join(" ");
  return new MailDeferred(response ?? message, what);
};
