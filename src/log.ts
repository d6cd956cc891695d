import { type Logger, pino } from "pino";
import pretty from "pino-pretty";
import type { Config } from "./config.ts";

export type { Logger } from "pino";

/**
 * Where credentials and what people wrote could appear in a logged object: their values never reach a log.
 * Messages are written without them in the first place; this is the second line.
 */
const redacted = [
  "token",
  "ticket",
  "key",
  "secret",
  "password",
  "authorization",
  "email",
  "name",
  "notes",
  "metadata",
  "text",
].flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

/** JSON lines, or readable ones on a terminal; `LOG_FORMAT` decides otherwise. */
export const createLogger = (config: Pick<Config, "logLevel" | "logFormat">, isTerminal: boolean): Logger => {
  const options = { level: config.logLevel, redact: { paths: redacted, censor: "[redacted]" }, base: null };
  const readable = config.logFormat === "pretty" || (config.logFormat === "auto" && isTerminal);
  return readable
    ? pino(
        options,
        pretty({ colorize: isTerminal, translateTime: "HH:MM:ss", ignore: "pid,hostname", sync: true }),
      )
    : pino({
        ...options,
        formatters: { level: (label) => ({ level: label }) },
        timestamp: pino.stdTimeFunctions.isoTime,
      });
};
