import type { Logger } from "../log.ts";
import type { MailTransport } from "./mail.ts";

/** Sends nothing, and says so: which mail it would have been, never to whom or what it says. */
export const createMailLog = (log: Logger): MailTransport => ({
  send: async ({ messageId, kind }) => {
    log.info({ messageId, kind }, "a mail is kept and not sent: SMTP_URL is not set");
    return "kept";
  },
  close: async () => {},
});
