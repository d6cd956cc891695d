import { hash } from "node:crypto";
import { type DomainError, invalid } from "../domain/errors.ts";
import { type Principal, callerOf } from "../domain/principal.ts";
import type { App } from "../usecases/app.ts";
import { type Answer, type IdempotentRequest, keepAnswer } from "../usecases/idempotency.ts";
import { canonicalJson } from "./json.ts";
import { problemOf } from "./problem.ts";

/** What of a request makes it the same request again. */
export type KeyedRequest = {
  headers: Headers;
  principal: Principal;
  /** Method and pattern, such as `POST /v1/bookings/{id}/cancel`. */
  route: string;
  /** The path itself, with the query. */
  target: string;
  body: unknown;
  toAnswer: (result: unknown) => Answer;
};

/**
 * The request under its `Idempotency-Key`, bare or quoted; null when it has none.
 * @throws DomainError `invalid_request` for a key that is none
 */
export const idempotentRequest = (request: KeyedRequest): IdempotentRequest | null => {
  const header = request.headers.get("idempotency-key");
  if (header === null) return null;
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header;
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters");
  const { principal, route, target, body, toAnswer } = request;
  const fingerprint = hash("sha256", `${target}\n${canonicalJson(body ?? null)}`, "base64url");
  return { caller: callerOf(principal), route, key, fingerprint, toAnswer };
};

const notKept: readonly string[] = ["slot_unavailable", "idempotency_in_flight", "idempotency_key_reused"];

/** Keeps a refusal that the same request would meet again: 422, and 409 but for what may change by itself. */
export const keepRefusal = async (
  app: App,
  request: IdempotentRequest,
  { error, requestId }: { error: DomainError; requestId: string },
): Promise<void> => {
  const { body } = problemOf(error, requestId);
  if ((body.status === 422 || body.status === 409) && !notKept.includes(body.code)) {
    await keepAnswer(app.sql, request, {
      status: body.status,
      body: JSON.stringify(body),
      etag: null,
    });
  }
};
