import { type OpenAPIHono, type RouteConfig, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { DomainError, invalid } from "../domain/errors.ts";
import type { Principal } from "../domain/principal.ts";
import type { App } from "../usecases/app.ts";
import type { RequestContext } from "../usecases/context.ts";
import { refusalOf } from "../usecases/failures.ts";
import { AlreadyAnswered, type Answer, type IdempotentRequest, findAnswer } from "../usecases/idempotency.ts";
import { authenticateRequest } from "./auth.ts";
import { idempotentRequest, keepRefusal } from "./idempotency.ts";
import { parseJson } from "./json.ts";
import { readLimited } from "./limits.ts";
import { Problem, problemOf } from "./problem.ts";

/** What every request carries through the server. */
export type HttpEnv = { Variables: { requestId: string; route: string } };

export type Method = "get" | "post" | "put" | "patch" | "delete";

type Shape = z.ZodObject;
const nothing = z.strictObject({});

/** One operation of the API: one schema validates, types the handler and documents. */
export type OperationDefinition<P extends Shape, Q extends Shape, B extends z.ZodType, R> = {
  /** The name of the operation, the same everywhere. */
  id: string;
  method: Method;
  /** With parameters in braces. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  params?: P;
  query?: Q;
  body?: B;
  /** Who asks, where that is nobody whom `authenticateRequest` knows. */
  authenticate?: (app: App, headers: Headers) => Promise<Principal>;
  /** What it answers, by status; without a schema it has no body. */
  answers: Record<number, { description: string; schema?: z.ZodType }>;
  handle: (app: App, context: RequestContext, input: OperationInput<P, Q, B>) => Promise<R>;
  /** The result as the caller gets it. */
  shape: (result: R) => Shaped;
  /** The result as it is kept and given again under the same `Idempotency-Key`, where it holds what is shown once. */
  shapeReplay?: (result: R) => Shaped;
};

type Shaped = { status: number; body: unknown; version?: number };

type OperationInput<P extends Shape, Q extends Shape, B extends z.ZodType> = {
  params: z.output<P>;
  query: z.output<Q>;
  body: z.output<B>;
};

/** An operation that can be served and documented. */
export type Operation = {
  method: Method;
  path: string;
  document: RouteConfig;
  serve: (app: App, c: Context<HttpEnv>) => Promise<Response>;
};

/** Defines an operation: owns parsing, who asks, idempotency, the shape of answers, and the documentation. */
export const defineOperation = <
  R,
  P extends Shape = typeof nothing,
  Q extends Shape = typeof nothing,
  B extends z.ZodType = z.ZodUndefined,
>(
  definition: OperationDefinition<P, Q, B, R>,
): Operation => {
  const { method, path } = definition;
  const { shape, shapeReplay } = definition;
  const serve = async (app: App, c: Context<HttpEnv>): Promise<Response> => {
    const shapeOnce = remembered((result) => answerWith(shape(result as R)));
    const principal = await (definition.authenticate ?? authenticateRequest)(app, c.req.raw.headers);
    const body = method === "get" || method === "delete" ? undefined : await readBody(c);
    const { pathname, search } = new URL(c.req.url);
    const idempotency =
      method === "post"
        ? idempotentRequest({
            headers: c.req.raw.headers,
            principal,
            route: `POST ${path}`,
            target: pathname + search,
            body,
            toAnswer: shapeReplay ? (result) => answerWith(shapeReplay(result as R)) : shapeOnce,
          })
        : null;
    const context: RequestContext = {
      principal,
      requestId: c.get("requestId"),
      ...(idempotency ? { idempotency } : {}),
      ...ifVersionOf(c.req.raw.headers),
    };
    return answerOnce({ app, c, idempotency }, async () => {
      const input = {
        params: parseParams(definition.params ?? nothing, c.req.param()) as z.output<P>,
        query: parse(definition.query ?? nothing, readQuery(c)) as z.output<Q>,
        body: (definition.body ? parse(definition.body, body ?? {}) : refuseBody(body)) as z.output<B>,
      };
      return shapeOnce(await definition.handle(app, context, input));
    });
  };
  return { method, path, document: documentOf(definition), serve };
};

const answerWith = ({ status, body, version }: Shaped): Answer => ({
  status,
  body: JSON.stringify(body),
  etag: version === undefined ? null : `"${version}"`,
});

/** A function that is not asked twice about the same thing: an answer that is kept is also the one that is sent. */
const remembered = <T>(make: (of: unknown) => T): ((of: unknown) => T) => {
  let last: { of: unknown; made: T } | null = null;
  return (of) => {
    if (!last || last.of !== of) last = { of, made: make(of) };
    return last.made;
  };
};

type Exchange = { app: App; c: Context<HttpEnv>; idempotency: IdempotentRequest | null };

/**
 * Answers a request; one that came before under the same key gets the first answer again. Whatever writes looks for
 * that answer in its own transaction; one that is refused before it gets there is looked up here, since what would
 * refuse it now may have been different then.
 */
const answerOnce = async (
  { app, c, idempotency }: Exchange,
  work: () => Promise<Answer>,
): Promise<Response> => {
  if (!idempotency) return respond(c, await work());
  try {
    return respond(c, await work());
  } catch (error) {
    if (error instanceof AlreadyAnswered) return respond(c, error.answer, true);
    const refusal = refusalOf(error);
    if (refusal && refusal.kind !== "unavailable") {
      const before = await findAnswer(app.sql, idempotency);
      if (before) return respond(c, before, true);
      await keepRefusal(app, idempotency, { error: refusal, requestId: c.get("requestId") });
    }
    throw error;
  }
};

const respond = (c: Context<HttpEnv>, { status, body, etag }: Answer, replayed = false): Response => {
  if (status === 204) return c.body(null, 204);
  const problem = status >= 400;
  return c.body(body, status as ContentfulStatusCode, {
    "content-type": problem ? "application/problem+json" : "application/json",
    ...(etag === null ? {} : { etag }),
    ...(replayed ? { "idempotency-replayed": "true" } : {}),
  });
};

/** A refusal as a response. */
export const respondProblem = (c: Context<HttpEnv>, error: DomainError): Response => {
  const { body, headers } = problemOf(error, c.get("requestId"));
  return c.body(JSON.stringify(body), body.status as ContentfulStatusCode, {
    "content-type": "application/problem+json",
    ...headers,
  });
};

/** The body as it was sent, undefined when there is none. */
const readBody = async (c: Context<HttpEnv>): Promise<unknown> => {
  const text = await readLimited(c.req.raw);
  if (text === "") return undefined;
  const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new DomainError("invalid", "unsupported_media_type", "Send the body as application/json.");
  }
  return parseJson(text);
};

const refuseBody = (body: unknown): undefined => {
  if (body !== undefined && Object.keys(body as object).length > 0) throw invalid("", "takes no body");
  return undefined;
};

/** The query; a parameter that is given twice is refused like one that is unknown. */
const readQuery = (c: Context<HttpEnv>): Record<string, string> => {
  const query: Record<string, string> = {};
  for (const [name, values] of Object.entries(c.req.queries())) {
    if (values.length > 1) throw invalid(name, "is given more than once");
    query[name] = values[0] ?? "";
  }
  return query;
};

/** Validates input against its schema. */
const parse = (schema: z.ZodType, value: unknown): unknown => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({ path: [...issue.path, key].join("."), message: "is not known" }))
      : [
          {
            path: issue.path.join("."),
            message: issue.message.endsWith("received undefined") ? "is required" : issue.message,
          },
        ],
  );
  const detail = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join("; ");
  throw new DomainError("invalid", "invalid_request", detail, { facts: { errors } });
};

/** An id that cannot be one is an id that is not there. */
const parseParams = (schema: z.ZodType, value: unknown): unknown => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new DomainError("not_found", "not_found", "There is nothing here.");
};

const ifVersionOf = (headers: Headers): { ifVersion?: number } => {
  const header = headers.get("if-match");
  if (header === null || header === "*") return {};
  const version = /^"(\d{1,9})"$/.exec(header)?.[1];
  if (version === undefined) throw invalid("If-Match", 'must be an ETag as it was answered, such as "3"');
  return { ifVersion: Number(version) };
};

const refusals: Record<number, string> = {
  400: "Malformed JSON",
  401: "No valid credential",
  403: "The caller may see this, but not do that",
  404: "Missing, or not the caller's to see",
  409: "In conflict with the present state; `code` says how",
  412: "`If-Match` names another version",
  413: "The body is too large",
  415: "The body is not application/json",
  422: "Invalid input; `errors` names the fields",
  503: "Out of reach for the moment; try again after `Retry-After`",
};

const readRefusals: readonly string[] = ["401", "403", "404", "422", "503"];

const documentOf = <P extends Shape, Q extends Shape, B extends z.ZodType, R>(
  definition: OperationDefinition<P, Q, B, R>,
): RouteConfig => {
  const { id, method, path, tag, summary, description, params, query, body, answers } = definition;
  const json = (schema: z.ZodType) => ({ "application/json": { schema } });
  const key = z.object({ "Idempotency-Key": z.string().max(255).optional() });
  return {
    operationId: id,
    method,
    path,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: definition.authenticate ? [{ joinLink: [] }] : [{ apiKey: [] }, { bearer: [] }],
    request: {
      ...(params ? { params } : {}),
      ...(query ? { query } : {}),
      ...(method === "post" ? { headers: key } : {}),
      ...(body ? { body: { content: json(body), required: !body.safeParse({}).success } } : {}),
    },
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [
          status,
          { description: answer.description, ...(answer.schema ? { content: json(answer.schema) } : {}) },
        ]),
      ),
      ...Object.fromEntries(
        Object.entries(refusals)
          .filter(([status]) => method !== "get" || readRefusals.includes(status))
          .map(([status, words]) => [
            status,
            { description: words, content: { "application/problem+json": { schema: Problem } } },
          ]),
      ),
    },
  };
};

/** Puts operations on a server, and says what may be done at a path where something else was tried. */
export const registerOperations = (
  http: OpenAPIHono<HttpEnv>,
  app: App,
  operations: readonly Operation[],
): void => {
  for (const operation of operations) {
    http.openAPIRegistry.registerPath(operation.document);
    http.on(operation.method.toUpperCase(), honoPath(operation.path), (c) => {
      c.set("route", operation.path);
      return operation.serve(app, c);
    });
  }
  for (const [path, own] of Map.groupBy(operations, (operation) => honoPath(operation.path))) {
    const allow = own.map((operation) => operation.method.toUpperCase()).join(", ");
    http.all(path, (c) => {
      c.header("allow", allow);
      return respondProblem(c, new DomainError("invalid", "method_not_allowed", `This path takes ${allow}.`));
    });
  }
};

const honoPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ":$1");
