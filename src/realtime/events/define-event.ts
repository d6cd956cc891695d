import type { Namespace } from "socket.io";
import { z } from "zod";
import { DomainError } from "../../domain/errors.ts";
import type { App } from "../../usecases/app.ts";
import type { RequestContext } from "../../usecases/context.ts";
import { refusalOf } from "../../usecases/failures.ts";
import type { Boards } from "../boards.ts";
import type { Connection } from "../connection.ts";
import type { Outcome } from "../outcome.ts";
import type { RoomFeed } from "../room-feed.ts";
import type { Rooms } from "../rooms.ts";

/** What an event's handler works with. */
export type Scope = {
  app: App;
  connection: Connection;
  context: RequestContext;
  rooms: Rooms;
  boards: Boards;
  feed: RoomFeed;
  namespace: Namespace;
};

export type Failure = { code: string; message: string; retryAfterMs?: number };
export type Acknowledgement = ({ ok: true } & Record<string, unknown>) | { ok: false; error: Failure };

/** An event that clients send. */
export type ClientEvent = {
  name: string;
  /** For the document: what it does, what it takes and how it is answered beside `ok: true`. */
  document: { summary: string; payload: z.ZodType; answer: z.ZodType };
  run: (scope: Scope, payload: unknown, acknowledge: (answer: Acknowledgement) => void) => Promise<void>;
};

export type EventDefinition<S extends z.ZodType> = {
  name: string;
  summary: string;
  payload: S;
  answer: z.ZodType;
  handle: (scope: Scope, input: z.output<S>) => Promise<Outcome>;
};

/** Defines an event: owns parsing, turning errors into acknowledgements, and logging. */
export const defineEvent = <S extends z.ZodType>({
  name,
  summary,
  payload: schema,
  answer: answerSchema,
  handle,
}: EventDefinition<S>): ClientEvent => ({
  name,
  document: { summary, payload: schema, answer: answerSchema },
  run: async (scope, payload, acknowledge) => {
    const startedAt = performance.now();
    let code = "ok";
    try {
      const { answer, afterwards } = await handle(scope, parse(schema, payload));
      acknowledge({ ok: true, ...(typeof answer === "function" ? answer() : answer) });
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

/** The session that an event is about, in its payload. */
export const sessionId = z.uuid().transform((id) => id.toLowerCase());

/** An answer that says no more than that it was done. */
export const nothing = z.object({});

/** JSON of somebody's own, of so many bytes at most. */
export const json = (schema: z.ZodType, maxBytes: number) =>
  schema.refine((value) => Buffer.byteLength(JSON.stringify(value) ?? "") <= maxBytes, {
    message: `must take ${maxBytes} bytes of JSON at most`,
  });
