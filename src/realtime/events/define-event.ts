import type { Namespace } from "socket.io";
import { z } from "zod";
import { DomainError } from "../../domain/errors.ts";
import { isPlainText } from "../../domain/text.ts";
import type { App } from "../../usecases/app.ts";
import type { RequestContext } from "../../usecases/context.ts";
import { refusalOf } from "../../usecases/failures.ts";
import type { Connection } from "../connection.ts";
import type { RoomFeed } from "../room-feed.ts";

/** What an event's handler works with. */
export type Scope = {
  app: App;
  connection: Connection;
  context: RequestContext;
  feed: RoomFeed;
  namespace: Namespace;
};

/** What the caller is told, and what is to be done right after, before anything else can happen. */
export type Outcome = { answer: Record<string, unknown>; afterwards?: () => void };

export type Failure = { code: string; message: string; retryAfterMs?: number };
export type Acknowledgement = ({ ok: true } & Record<string, unknown>) | { ok: false; error: Failure };

/** An event that clients send. */
export type ClientEvent = {
  name: string;
  run: (scope: Scope, payload: unknown, acknowledge: (answer: Acknowledgement) => void) => Promise<void>;
};

/** Defines an event: owns parsing, turning errors into acknowledgements, and logging. */
export const defineEvent = <S extends z.ZodType>(
  name: string,
  schema: S,
  handle: (scope: Scope, input: z.output<S>) => Promise<Outcome>,
): ClientEvent => ({
  name,
  run: async (scope, payload, acknowledge) => {
    const startedAt = performance.now();
    let code = "ok";
    try {
      const { answer, afterwards } = await handle(scope, parse(schema, payload));
      acknowledge({ ok: true, ...answer });
      afterwards?.();
    } catch (error) {
      const failure = failureOf(scope, name, error);
      code = failure.code;
      acknowledge({ ok: false, error: failure });
    }
    const { requestId } = scope.context;
    const ms = Math.round(performance.now() - startedAt);
    scope.app.log.debug({ event: name, code, ms, requestId }, "socket event");
  },
});

const parse = <S extends z.ZodType>(schema: S, payload: unknown): z.output<S> => {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message }));
  const detail = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join("; ");
  throw new DomainError("invalid", "invalid_request", detail, { facts: { errors } });
};

const failureOf = ({ app, context }: Scope, name: string, error: unknown): Failure => {
  const refusal = refusalOf(error);
  if (refusal) {
    const { retryAfterMs } = refusal.facts;
    return {
      code: refusal.code,
      message: refusal.detail,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }
  app.log.error({ err: error, event: name, requestId: context.requestId }, "an event failed");
  return { code: "internal", message: "Something went wrong on our side." };
};

/** Text of a person in a payload: lines and tabs, no other control characters. */
export const typedText = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine(
      (text) => isPlainText(text, { lines: true }),
      "must not contain control characters or broken Unicode",
    );

/** A session's id in a payload. */
export const sessionId = z.uuid();
