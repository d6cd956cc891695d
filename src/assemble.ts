import type { Config } from "./config.ts";
import { type Coordination, openCoordination } from "./coordination/open.ts";
import type { Database } from "./db/client.ts";
import type { Logger } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { createMail } from "./outbound/create-mail.ts";
import { createOutboundHttp } from "./outbound/http.ts";
import { openSummariser } from "./outbound/open-summariser.ts";
import { findHubSecret } from "./usecases/access/hub-secret.ts";
import { createKeyring } from "./usecases/access/keyring.ts";
import { createTokens } from "./usecases/access/tokens.ts";
import type { App } from "./usecases/app.ts";
import { createFeedReader } from "./usecases/calendars/feed-reader.ts";
import type { LaneJob } from "./usecases/lanes/job.ts";
import { runLaneBatch } from "./usecases/lanes/run-batch.ts";
import type { RoomJob } from "./usecases/rooms/job.ts";
import { runRoomBatch } from "./usecases/rooms/run-batch.ts";
import { createCalendarReader } from "./usecases/slots/calendar-cache.ts";

/** What the world of use cases stands on. */
export type Foundation = {
  config: Config;
  /** Migrated. */
  sql: Database;
  log: Logger;
  newId: () => string;
  /** Where callers reach the hub, without a slash at the end. */
  publicUrl: () => string;
};

/** The use cases' world, and what of it has to be closed; the database stays its opener's. */
export type Assembly = {
  app: App;
  coordination: Coordination<LaneJob, RoomJob>;
  close(): Promise<void>;
};

/** Puts the use cases' world together: for a hub, for a command, for a test. */
export const assembleApp = async ({ config, sql, log, newId, publicUrl }: Foundation): Promise<Assembly> => {
  const coordination = await openCoordination({
    config,
    nodeId: newId(),
    log,
    runBatch: (jobs: readonly LaneJob[]) => runLaneBatch(app, jobs),
    runRoomBatch: (jobs: readonly RoomJob[]) => runRoomBatch(app, jobs),
  });
  const { lanes, rooms, presence, publisher } = coordination;
  const mail = createMail(config, log);
  const feeds = createFeedReader();
  const app: App = {
    config,
    sql,
    lanes,
    rooms,
    presence,
    publisher,
    tokens: createTokens(config, await findHubSecret(sql)),
    keyring: createKeyring(sql),
    calendars: createCalendarReader(sql),
    feeds,
    outbound: createOutboundHttp(config),
    summariser: openSummariser(config, log),
    mail,
    log,
    metrics: createMetrics(),
    newId,
    publicUrl,
  };
  return {
    app,
    coordination,
    close: async () => {
      await feeds.close();
      await mail.close();
      await coordination.close();
    },
  };
};
