import { z } from "@hono/zod-openapi";
import type { DomainError, ErrorCode, ErrorKind } from "../domain/errors.ts";

/** The status that an error's kind has, unless its code narrows it. */
const statusOfKind = {
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  rate_limited: 429,
  unavailable: 503,
} as const satisfies Record<ErrorKind, number>;

const statusOfCode: Partial<Record<ErrorCode, number>> = {
  malformed_json: 400,
  method_not_allowed: 405,
  unsupported_media_type: 415,
  version_mismatch: 412,
  body_too_large: 413,
};

/** RFC 9457, as every error is told. */
export const Problem = z
  .object({
    type: z.string().openapi({ example: "/problems/slot-unavailable" }),
    title: z.string().openapi({ example: "Slot unavailable" }),
    status: z.int().openapi({ example: 409 }),
    code: z.string().openapi({ example: "slot_unavailable" }),
    detail: z.string().optional(),
    requestId: z.string(),
    reason: z.string().optional(),
    state: z.string().optional(),
    field: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .openapi("Problem");

export type Problem = z.infer<typeof Problem>;

const problem = (
  status: number,
  code: string,
  rest: Omit<Problem, "type" | "title" | "status" | "code">,
): Problem => {
  const words = code.replaceAll("_", " ");
  return {
    type: `/problems/${code.replaceAll("_", "-")}`,
    title: words.charAt(0).toUpperCase() + words.slice(1),
    status,
    code,
    ...rest,
  };
};

/** A refusal as its caller reads it, with the headers that belong to it. */
export const problemOf = (
  error: DomainError,
  requestId: string,
): { body: Problem; headers: Record<string, string> } => {
  const { retryAfterMs, ...facts } = error.facts;
  const status = statusOfCode[error.code] ?? statusOfKind[error.kind];
  return {
    body: problem(status, error.code, { detail: error.detail, requestId, ...facts }),
    headers: {
      ...(retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1000)) }),
      ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
    },
  };
};

/** A fault of the hub: that there was one is all that is told. */
export const internalProblem = (requestId: string): Problem =>
  problem(500, "internal", { detail: "Something went wrong on our side.", requestId });
