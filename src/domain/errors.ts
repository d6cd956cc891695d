/** Decides the HTTP status, the socket acknowledgement and whether a job tries again. */
export type ErrorKind =
  | "invalid"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "rate_limited"
  | "unavailable";

/** Public and stable: callers branch on it. Part 3 of the API contract lists them with their statuses. */
export type ErrorCode =
  | "malformed_json"
  | "unauthenticated"
  | "token_expired"
  | "forbidden"
  | "removed"
  | "not_found"
  | "method_not_allowed"
  | "unsupported_media_type"
  | "slot_unavailable"
  | "invalid_state"
  | "already_exists"
  | "too_late"
  | "needs_approval"
  | "too_many_holds"
  | "too_early"
  | "session_closed"
  | "room_full"
  | "idempotency_in_flight"
  | "version_mismatch"
  | "body_too_large"
  | "invalid_request"
  | "session_type_required"
  | "idempotency_key_reused"
  | "rate_limited"
  | "unavailable";

/** One field of the input that was refused; `path` as the caller wrote it, such as `client.name`. */
export type FieldError = { path: string; message: string };

/** What a refusal tells beside its code; every member is public. */
export type ErrorFacts = {
  reason?: string;
  state?: string;
  field?: string;
  retryAfterMs?: number;
  errors?: FieldError[];
};

/** A refusal that its caller may read. Whatever is thrown and is not one of these is a fault of the hub. */
export class DomainError extends Error {
  readonly kind: ErrorKind;
  readonly code: ErrorCode;
  /** A sentence for the caller: no secrets, nothing of other people. */
  readonly detail: string;
  readonly facts: ErrorFacts;

  /** `cause` is for the log only. */
  constructor(
    kind: ErrorKind,
    code: ErrorCode,
    detail: string,
    options: { facts?: ErrorFacts; cause?: unknown } = {},
  ) {
    super(`${code}: ${detail}`, { cause: options.cause });
    this.name = "DomainError";
    this.kind = kind;
    this.code = code;
    this.detail = detail;
    this.facts = options.facts ?? {};
  }
}

/** Missing, or not the caller's to see: the two look the same, so the sentence never says which. */
export const notFound = (what: string): DomainError =>
  new DomainError("not_found", "not_found", `There is no such ${what}.`);

export const forbidden = (detail: string): DomainError => new DomainError("forbidden", "forbidden", detail);

/** `path` names the field of the input as the caller wrote it. */
export const invalid = (path: string, message: string): DomainError =>
  new DomainError("invalid", "invalid_request", message, { facts: { errors: [{ path, message }] } });

/** A transition that the present state does not allow, or a race that was lost. */
export const invalidState = (state: string, detail: string): DomainError =>
  new DomainError("conflict", "invalid_state", detail, { facts: { state } });

/** `If-Match` named another version than the present one. */
export const versionMismatch = (version: number): DomainError =>
  new DomainError("conflict", "version_mismatch", `The present version is ${version}; read it again first.`);

/** For what can be done without: null where something could not be reached at this moment. @throws any other error */
export const unlessUnavailable = (error: unknown): null => {
  if (error instanceof DomainError && error.kind === "unavailable") return null;
  throw error;
};
