import type { Config } from "../config.ts";
import type { Lanes } from "../coordination/lanes.ts";
import type { Presence } from "../coordination/presence.ts";
import type { Publisher } from "../coordination/publisher.ts";
import type { Database } from "../db/client.ts";
import type { Logger } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { OutboundHttp } from "../outbound/http.ts";
import type { Summariser } from "../outbound/summariser.ts";
import type { MailTransport } from "../outbound/mail.ts";
import type { Keyring } from "./access/keyring.ts";
import type { Tokens } from "./access/tokens.ts";
import type { FeedReader } from "./calendars/feed-reader.ts";
import type { CalendarReader } from "./slots/calendar-cache.ts";
import type { RoomJob } from "./rooms/job.ts";
import type { LaneJob } from "./lanes/job.ts";

/** What the use cases work with; put together once, by the hub. */
export type App = {
  config: Config;
  sql: Database;
  lanes: Lanes<LaneJob>;
  /** What is asked of rooms, in batches. Of this node alone: the lock of the session's row is what orders nodes. */
  rooms: Lanes<RoomJob>;
  presence: Presence;
  publisher: Publisher;
  tokens: Tokens;
  keyring: Keyring;
  calendars: CalendarReader;
  /** Reads what calendars elsewhere sent. */
  feeds: FeedReader;
  outbound: OutboundHttp;
  summariser: Summariser;
  mail: MailTransport;
  log: Logger;
  metrics: Metrics;
  /** Makes a UUIDv7. */
  newId: () => string;
  /** Where callers reach the hub, without a slash at the end. */
  publicUrl: () => string;
};
