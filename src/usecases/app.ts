import type { Config } from "../config.ts";
import type { Lanes } from "../coordination/lanes.ts";
import type { Presence } from "../coordination/presence.ts";
import type { Publisher } from "../coordination/publisher.ts";
import type { Database } from "../db/client.ts";
import type { Principal } from "../domain/principal.ts";
import type { Logger } from "../log.ts";
import type { Tokens } from "./access/tokens.ts";
import type { IdempotentRequest } from "./idempotency.ts";

/** What the use cases work with; put together once, by the hub. */
export type App = {
  config: Config;
  sql: Database;
  lanes: Lanes;
  presence: Presence;
  publisher: Publisher;
  tokens: Tokens;
  log: Logger;
  /** Makes a UUIDv7. */
  newId: () => string;
  /** Where callers reach the hub, without a slash at the end. */
  publicUrl: () => string;
};

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
