import type { Config } from "../config.ts";
import type { Logger } from "../log.ts";
import type { MailTransport } from "./mail.ts";
import { createMailLog } from "./mail-log.ts";
import { createMailSmtp } from "./mail-smtp.ts";

/** By `SMTP_URL` where it is set; else mails are noted in the log, and only kept. */
export const createMail = ({ smtpUrl, mailFrom }: Config, log: Logger): MailTransport =>
  smtpUrl === null ? createMailLog(log) : createMailSmtp(smtpUrl, mailFrom);
