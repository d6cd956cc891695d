import { readFileSync } from "node:fs";
import { z } from "zod";

const list = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== ""),
);
const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

const url = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    message: `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`,
  });

const secret = z.string().min(32, "must be at least 32 characters");

const flag = z.enum(["true", "false"]).transform((text) => text === "true");

/** `name@host`, alone or in angle brackets behind a name. */
const hasMailAddress = (text: string): boolean => /^(?:[^<>]*<)?[^\s<>@]+@[^\s<>@]+>?$/.test(text);

const environment = z.object({
  NODE_ENV: z.string().default("development"),
  HOST: z.string().default("127.0.0.1"),
  PORT: wholeNumber(0, 65_535).default(3000),
  PUBLIC_URL: url("http:", "https:").optional(),
  DATABASE_URL: url("postgres:", "postgresql:").optional(),
  REDIS_URL: url("redis:", "rediss:").optional(),
  REDIS_PREFIX: z
    .string()
    .regex(/^[\w.-]{1,64}$/, "must be 1 to 64 letters, digits, dots, dashes")
    .default("courtside"),
  DATA_DIR: z.string().min(1).default(".courtside"),
  DEMO_DATA: z.enum(["auto", "true", "false"]).default("auto"),
  MIGRATE: z.enum(["auto", "off"]).default("auto"),
  ADMIN_API_KEY: z
    .string()
    .regex(/^ck_[\w-]{20,}$/, 'must begin with "ck_", followed by at least 20 letters, digits, dashes')
    .optional(),
  JWT_SECRET: list.pipe(z.array(secret).min(1)).optional(),
  JWKS_URL: url("http:", "https:").optional(),
  JWT_ISSUER: z.string().min(1).optional(),
  JWT_AUDIENCE: z.string().min(1).optional(),
  ROLES: list
    .pipe(z.array(z.enum(["http", "realtime", "worker"])).min(1))
    .default(["http", "realtime", "worker"]),
  CORS_ORIGINS: list.default([]),
  TRANSPORTS: list.pipe(z.array(z.enum(["websocket", "polling"])).min(1)).default(["websocket"]),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  LOG_FORMAT: z.enum(["auto", "json", "pretty"]).default("auto"),
  JOIN_EARLY_MINUTES: wholeNumber(0, 24 * 60).default(15),
  LEAVE_GRACE_SECONDS: wholeNumber(0, 3600).default(15),
  AUTO_START: z.enum(["both_present", "manual"]).default("both_present"),
  ROOM_CAPACITY: wholeNumber(2, 10_000).default(100),
  CONNECTIONS_PER_PERSON: wholeNumber(1, 1000).default(20),
  TICKET_MINUTES: wholeNumber(1, 24 * 60).default(15),
  DRAIN_SECONDS: wholeNumber(1, 600).default(20),
  DATABASE_POOL_SIZE: wholeNumber(2, 500).default(10),
  EMPTY_ROOM_MINUTES: wholeNumber(0, 24 * 60).default(15),
  MAX_OVERRUN_MINUTES: wholeNumber(0, 24 * 60).default(30),
  NO_SHOW_MINUTES: wholeNumber(1, 24 * 60).default(15),
  JOB_CONCURRENCY: wholeNumber(1, 1000).default(8),
  WEBHOOK_CONCURRENCY: wholeNumber(1, 1000).default(64),
  ALLOW_PRIVATE_TARGETS: flag.default(false),
  SMTP_URL: url("smtp:", "smtps:").optional(),
  MAIL_FROM: z
    .string()
    .regex(/^[^\r\n]{1,200}$/, "must be one line")
    .refine(hasMailAddress, "must be a mail address, such as Courtside <bookings@example.com>")
    .default("Courtside <courtside@localhost>"),
  REMINDER_MINUTES: list
    .pipe(z.array(wholeNumber(1, 60 * 24 * 30)).max(10))
    .transform((minutes) => [...new Set(minutes)].toSorted((a, b) => b - a))
    .default([1440, 15]),
  SUMMARY_LLM_URL: url("http:", "https:").optional(),
  SUMMARY_LLM_MODEL: z.string().min(1).max(200).default("gpt-4o-mini"),
  SUMMARY_LLM_KEY: z.string().min(1).optional(),
  SUMMARY_LLM_TIMEOUT_SECONDS: wholeNumber(1, 120).default(20),
  METRICS_TOKEN: secret.optional(),
  // Longer than a delivery is retried, which is more than a day, since it goes with its entry of the outbox.
  KEEP_EVENTS_DAYS: wholeNumber(3, 3660).default(30),
});

/** Everything that may be set from outside, parsed once. All names and defaults: `docs/operations.md`. */
export type Config = {
  production: boolean;
  host: string;
  /** 0 lets the system choose one. */
  port: number;
  /** Where callers reach the hub; the address it listens on when not set. */
  publicUrl: string | null;
  /** null: embedded Postgres in `dataDir`. */
  databaseUrl: string | null;
  databasePoolSize: number;
  /** null: one node, everything in process. */
  redisUrl: string | null;
  redisPrefix: string;
  dataDir: string;
  demoData: "auto" | "true" | "false";
  migrate: "auto" | "off";
  adminApiKey: string | null;
  /** Newest first; the first signs, all verify. */
  jwtSecrets: string[];
  jwksUrl: string | null;
  jwtIssuer: string | null;
  jwtAudience: string | null;
  roles: ("http" | "realtime" | "worker")[];
  corsOrigins: string[];
  transports: ("websocket" | "polling")[];
  logLevel: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
  logFormat: "auto" | "json" | "pretty";
  joinEarlyMinutes: number;
  leaveGraceSeconds: number;
  autoStart: "both_present" | "manual";
  roomCapacity: number;
  connectionsPerPerson: number;
  ticketMinutes: number;
  drainSeconds: number;
  emptyRoomMinutes: number;
  maxOverrunMinutes: number;
  noShowMinutes: number;
  /** Jobs, and deliveries of webhooks, that a node works on at a time. */
  jobConcurrency: number;
  webhookConcurrency: number;
  /** True: webhooks and calendars may lead to private, loopback and link-local addresses. */
  allowPrivateTargets: boolean;
  /** null: mails are logged and kept, and nobody gets them. */
  smtpUrl: string | null;
  mailFrom: string;
  /** How long before the start people are reminded, the longest first. */
  reminderMinutes: number[];
  /** null: summaries are the hub's own plain sentences. */
  summaryLlm: { url: string; model: string; key: string | null; timeoutMs: number } | null;
  metricsToken: string | null;
  /** How long what has been delivered is kept: entries of the outbox, deliveries, mails, jobs that failed. */
  keepEventsDays: number;
};

/** Why the hub cannot start: a line for each reason, ready to be shown to an operator. */
export class SetupError extends Error {
  readonly lines: readonly string[];

  constructor(lines: readonly string[], options?: { cause?: unknown }) {
    super(lines.join("\n"), options);
    this.name = "SetupError";
    this.lines = lines;
  }
}

const secretNames = [
  "DATABASE_URL",
  "REDIS_URL",
  "ADMIN_API_KEY",
  "JWT_SECRET",
  "SMTP_URL",
  "SUMMARY_LLM_KEY",
  "METRICS_TOKEN",
] as const;

/**
 * Reads the settings from an environment. An empty value counts as not set; a secret may also be given as
 * `NAME_FILE`, the path of a file that holds it.
 * @throws SetupError with a line for each setting that is missing or wrong
 */
export const readConfig = (env: Readonly<Record<string, string | undefined>>): Config => {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ""),
  );
  const lines = readSecretFiles(given);
  const parsed = environment.safeParse(given);
  for (const issue of parsed.error?.issues ?? [])
    lines.push(`${issue.path[0]?.toString() ?? "?"}: ${issue.message}`);
  if (
    given["NODE_ENV"] === "production" &&
    !given["DATABASE_URL"] &&
    !lines.some((line) => line.startsWith("DATABASE_URL"))
  ) {
    lines.push(
      "DATABASE_URL: must be set when NODE_ENV is production, for example postgres://user:password@host/courtside",
    );
  }
  if (lines.length > 0 || !parsed.data) throw new SetupError(lines);
  return toConfig(parsed.data);
};

/** Puts the contents of `NAME_FILE` in place of `NAME`; returns a line for each that cannot be used. */
const readSecretFiles = (given: Record<string, string | undefined>): string[] => {
  const lines: string[] = [];
  for (const name of secretNames) {
    const path = given[`${name}_FILE`];
    if (path === undefined) continue;
    if (given[name] !== undefined) {
      lines.push(`${name}_FILE: is set together with ${name}; set one of them`);
      continue;
    }
    try {
      given[name] = readFileSync(path, "utf8").trim();
    } catch {
      lines.push(`${name}_FILE: the file ${path} cannot be read`);
    }
  }
  return lines;
};

const toConfig = (env: z.output<typeof environment>): Config => ({
  production: env.NODE_ENV === "production",
  host: env.HOST,
  port: env.PORT,
  publicUrl: env.PUBLIC_URL?.replace(/\/+$/, "") ?? null,
  databaseUrl: env.DATABASE_URL ?? null,
  databasePoolSize: env.DATABASE_POOL_SIZE,
  redisUrl: env.REDIS_URL ?? null,
  redisPrefix: env.REDIS_PREFIX,
  dataDir: env.DATA_DIR,
  demoData: env.DEMO_DATA,
  migrate: env.MIGRATE,
  adminApiKey: env.ADMIN_API_KEY ?? null,
  jwtSecrets: env.JWT_SECRET ?? [],
  jwksUrl: env.JWKS_URL ?? null,
  jwtIssuer: env.JWT_ISSUER ?? null,
  jwtAudience: env.JWT_AUDIENCE ?? null,
  roles: env.ROLES,
  corsOrigins: env.CORS_ORIGINS,
  transports: env.TRANSPORTS,
  logLevel: env.LOG_LEVEL,
  logFormat: env.LOG_FORMAT,
  joinEarlyMinutes: env.JOIN_EARLY_MINUTES,
  leaveGraceSeconds: env.LEAVE_GRACE_SECONDS,
  autoStart: env.AUTO_START,
  roomCapacity: env.ROOM_CAPACITY,
  connectionsPerPerson: env.CONNECTIONS_PER_PERSON,
  ticketMinutes: env.TICKET_MINUTES,
  drainSeconds: env.DRAIN_SECONDS,
  emptyRoomMinutes: env.EMPTY_ROOM_MINUTES,
  maxOverrunMinutes: env.MAX_OVERRUN_MINUTES,
  noShowMinutes: env.NO_SHOW_MINUTES,
  jobConcurrency: env.JOB_CONCURRENCY,
  webhookConcurrency: env.WEBHOOK_CONCURRENCY,
  allowPrivateTargets: env.ALLOW_PRIVATE_TARGETS,
  smtpUrl: env.SMTP_URL ?? null,
  mailFrom: env.MAIL_FROM,
  reminderMinutes: env.REMINDER_MINUTES,
  summaryLlm:
    env.SUMMARY_LLM_URL === undefined
      ? null
      : {
          url: env.SUMMARY_LLM_URL.replace(/\/+$/, ""),
          model: env.SUMMARY_LLM_MODEL,
          key: env.SUMMARY_LLM_KEY ?? null,
          timeoutMs: env.SUMMARY_LLM_TIMEOUT_SECONDS * 1000,
        },
  metricsToken: env.METRICS_TOKEN ?? null,
  keepEventsDays: env.KEEP_EVENTS_DAYS,
});
