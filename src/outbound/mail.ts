/** A mail that is ready to leave: every attempt at it hands over the same. */
export type OutgoingMail = {
  /** In angle brackets. Receivers know a mail that comes twice by it. */
  messageId: string;
  /** Its `Date`. */
  date: Date;
  to: { name: string; address: string };
  kind: string;
  subject: string;
  text: string;
  html: string;
  ics: { method: "REQUEST" | "CANCEL"; content: string } | null;
};

/** Sends mails, one at a time for each call. Tells nobody's address or words to the log. */
export type MailTransport = {
  /**
   * @returns `sent` once the mail server has taken it; `kept` where there is none, and it goes nowhere
   * @throws MailRefused when this mail will never be taken; any other error may pass, and is thrown within
   *   {@link sendTimeoutMs}
   */
  send(mail: OutgoingMail): Promise<"sent" | "kept">;
  close(): Promise<void>;
};

/** The longest that one attempt takes. */
export const sendTimeoutMs = 25_000;

/** The mail server will not have this mail, nor when it is asked again: the recipient or the message is at fault. */
export class MailRefused extends Error {
  constructor(response: string) {
    super(response);
    this.name = "MailRefused";
  }
}

/** The mail server could not be reached or could not take the mail now. */
export class MailDeferred extends Error {
  /** What went wrong as codes, fit for a log; `message` may hold an address. */
  readonly what: string;

  constructor(response: string, what: string) {
    super(response);
    this.name = "MailDeferred";
    this.what = what;
  }
}
