/** The hub's codes that this client acts upon, and its own. The hub has more: see the API's documentation. */
export type ErrorCode =
  | "unauthenticated"
  | "token_expired"
  | "forbidden"
  | "not_found"
  | "invalid_request"
  | "invalid_state"
  | "too_early"
  | "session_closed"
  | "room_full"
  | "removed"
  | "rate_limited"
  | "unavailable"
  /** Not answered in time; whether it was done is not known. */
  | "timeout"
  /** The connection was lost before the answer; whether it was done is not known. */
  | "connection_lost"
  /** The room or the hub was left or closed by this side. */
  | "closed"
  /** This hub's connection is in that room already, or on its way in. */
  | "already_joined"
  /** Too many messages wait to be sent. */
  | "outbox_full"
  /** The events since are not to be had one by one: the room has moved on to a new snapshot, or you fell behind. */
  | "events_missed"
  /** The token callback failed or took too long. */
  | "token_unavailable"
  | (string & {});

/** A refusal by the hub, or what kept a request from it. `code` is stable, the message is for people. */
export class CourtsideError extends Error {
  readonly code: ErrorCode;
  /** When to try again, in milliseconds; undefined when the hub did not say. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CourtsideError";
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The error of a refusal as it came over the wire. */
export const errorOf = (refusal: { code?: unknown; message?: unknown; retryAfterMs?: unknown }) => {
  const { code, message, retryAfterMs } = refusal;
  return new CourtsideError(
    typeof code === "string" ? code : "internal",
    typeof message === "string" ? message : "The hub refused.",
    typeof retryAfterMs === "number" ? { retryAfterMs } : {},
  );
};

/** True for a refusal after which nothing was done and the same may be asked again. */
export const isPassing = ({ code }: CourtsideError): boolean =>
  code === "rate_limited" || code === "unavailable";

/** Any thrown value as a CourtsideError. */
export const asCourtsideError = (error: unknown, code: ErrorCode): CourtsideError =>
  error instanceof CourtsideError
    ? error
    : new CourtsideError(code, error instanceof Error ? error.message : String(error), { cause: error });
