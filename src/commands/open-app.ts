import type { Config } from "../config.ts";
import { openCoordination } from "../coordination/open.ts";
import { openSharedDatabase, prepareSchema } from "../db/open.ts";
import { createLogger } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import { createOutboundHttp } from "../outbound/http.ts";
import { openSummariser } from "../outbound/open-summariser.ts";
import { createMail } from "../outbound/create-mail.ts";
import { findHubSecret } from "../usecases/access/hub-secret.ts";
import { createKeyring } from "../usecases/access/keyring.ts";
import { createTokens } from "../usecases/access/tokens.ts";
import type { App } from "../usecases/app.ts";
import { newId } from "../usecases/ids.ts";
import type { LaneJob } from "../usecases/lanes/job.ts";
import { createCalendarReader } from "../usecases/slots/calendar-cache.ts";
import type { RoomJob } from "../usecases/rooms/job.ts";
import { runRoomBatch } from "../usecases/rooms/run-batch.ts";
import { runLaneBatch } from "../usecases/lanes/run-batch.ts";

/** The use cases' world for a command that works beside a running hub, or without one. */
export const openApp = async (config: Config): Promise<{ app: App; close(): Promise<void> }> => {
  const database = await openSharedDatabase(config);
  try {
    await prepareSchema(database.sql, config.migrate);
    const log = createLogger({ ...config, logLevel: "warn" }, false);
    const coordination = await openCoordination({
      config,
      nodeId: newId(),
      log,
      runBatch: (jobs: readonly LaneJob[]) => runLaneBatch(app, jobs),
      runRoomBatch: (jobs: readonly RoomJob[]) => runRoomBatch(app, jobs),
    });
    const { lanes, rooms, presence, publisher } = coordination;
    const tokens = createTokens(config, await findHubSecret(database.sql));
    const publicUrl = () => config.publicUrl ?? `http://${config.host}:${config.port}`;
    const mail = createMail(config, log);
    const app: App = {
      config,
      sql: database.sql,
      lanes,
      rooms,
      presence,
      publisher,
      tokens,
      keyring: createKeyring(database.sql),
      calendars: createCalendarReader(database.sql),
      summariser: openSummariser(config, log),
      mail,
      log,
      metrics: createMetrics(),
      newId,
      outbound: createOutboundHttp(config),
      publicUrl,
    };
    return {
      app,
      close: async () => {
        await mail.close();
        await coordination.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
};
