import { assembleApp } from "../assemble.ts";
import type { Config } from "../config.ts";
import { openSharedDatabase, prepareSchema } from "../db/open.ts";
import { createLogger } from "../log.ts";
import type { App } from "../usecases/app.ts";
import { newId } from "../usecases/ids.ts";

/** The use cases' world for a command that works beside a running hub, or without one. */
export const openApp = async (config: Config): Promise<{ app: App; close(): Promise<void> }> => {
  const database = await openSharedDatabase(config);
  try {
    await prepareSchema(database.sql, config.migrate);
    const { app, close } = await assembleApp({
      config,
      sql: database.sql,
      log: createLogger({ ...config, logLevel: "warn" }, false),
      newId,
      publicUrl: () => config.publicUrl ?? `http://${config.host}:${config.port}`,
    });
    return {
      app,
      close: async () => {
        await close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
};
