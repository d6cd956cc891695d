import PostalMime, { type Email } from "postal-mime";
import { SMTPServer } from "smtp-server";

/** A mail as it arrived. */
export type ArrivedMail = { to: string; raw: string; mail: Email };

/** How a mail server answers: a reply code, or nothing, which is to take what comes. */
export type MailServerRules = {
  rcpt?: ((address: string) => number | undefined) | undefined;
  data?: ((to: string) => number | undefined) | undefined;
  /** Awaited before a mail is taken. */
  beforeTaking?: () => Promise<void>;
};

export type MailServer = {
  url: string;
  arrived: ArrivedMail[];
  rules: MailServerRules;
  /** The mails to an address, in the order in which they came. */
  to(address: string): Email[];
  close(): Promise<void>;
};

const refusal = (code: number, to: string): Error =>
  Object.assign(new Error(`no, not for ${to}`), { responseCode: code });

/** A real mail server on 127.0.0.1. */
export const createMailServer = async (): Promise<MailServer> => {
  const arrived: ArrivedMail[] = [];
  const rules: MailServerRules = {};
  const take = async (stream: AsyncIterable<Buffer>, to: string): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    const raw = Buffer.concat(chunks).toString();
    const code = rules.data?.(to);
    if (code !== undefined) throw refusal(code, to);
    await rules.beforeTaking?.();
    arrived.push({ to, raw, mail: await PostalMime.parse(raw) });
  };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    disableReverseLookup: true,
    closeTimeout: 100,
    onRcptTo: ({ address }, _session, done) => {
      const code = rules.rcpt?.(address);
      done(code === undefined ? null : refusal(code, address));
    },
    onData: (stream, { envelope }, done) => {
      take(stream as AsyncIterable<Buffer>, envelope.rcptTo[0]?.address ?? "").then(
        () => done(),
        (error: unknown) => done(error as Error),
      );
    },
  });
  server.on("error", () => {});
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    url: `smtp://127.0.0.1:${port}`,
    arrived,
    rules,
    to: (wanted) => arrived.filter(({ to }) => to === wanted).map(({ mail }) => mail),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
};
