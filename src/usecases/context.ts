import type { Principal } from "../domain/principal.ts";
import type { IdempotentRequest } from "./idempotency.ts";

/** Who asks, and how the answer is to be kept. */
export type RequestContext = {
  principal: Principal;
  /** Returned to the caller, logged, and stored with every event that the request makes. */
  requestId: string;
  /** Set when the caller sent an `Idempotency-Key`. */
  idempotency?: IdempotentRequest;
  /** The version that the caller saw last, from `If-Match`: another one is refused. */
  ifVersion?: number;
};
