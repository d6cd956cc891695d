import { assembleApp } from "./assemble.ts";
import { type Config, SetupError } from "./config.ts";
import { openOwnDatabase, prepareSchema } from "./db/open.ts";
import { warmUpZones } from "./domain/zone.ts";
import { takeSingleHubLock } from "./db/single-hub.ts";
import { type HubParts, startHttpServer } from "./http/server.ts";
import { createQueueMonitor } from "./jobs/monitor.ts";
import { startJobs } from "./jobs/start.ts";
import { type Logger, createLogger } from "./log.ts";
import { createAsyncApi } from "./realtime/async-api.ts";
import { startRealtime } from "./realtime/server.ts";
import { ensureAdminKey } from "./usecases/access/api-keys.ts";
import type { App } from "./usecases/app.ts";
import { hasCoaches, loadDemoData } from "./usecases/demo/load.ts";
import { newId as makeId } from "./usecases/ids.ts";

export type HubOverrides = {
  log?: Logger;
  /** Makes ids; they must be UUIDs that grow with time. */
  newId?: () => string;
  /** Told what takes its time while the hub starts, in words for a terminal. */
  onProgress?: (message: string) => void;
  /** Called when the hub cannot go on and closes by itself. */
  onFatal?: (reason: string) => void;
};

export type Hub = {
  /** @throws SetupError with what to change; nothing is left running then */
  start(): Promise<void>;
  /** Closes in order: what comes in, the rooms, the jobs, what they stand on. Again changes nothing. */
  close(): Promise<void>;
  /** Where it listens, such as `http://127.0.0.1:3000`. */
  url(): string;
  /** The use cases' world, once started. */
  app(): App;
  /** True when the database is the embedded one. */
  embedded(): boolean;
};

/** Puts a hub together from its settings. Nothing runs before `start`. */
export const createHub = (config: Config, overrides: HubOverrides = {}): Hub => {
  const log = overrides.log ?? createLogger(config, false);
  const newId = overrides.newId ?? makeId;
  const onProgress = overrides.onProgress ?? (() => {});
  /** What has been opened, newest last, each with how it is closed. */
  const opened: (() => Promise<void>)[] = [];
  let draining = false;
  let closing: Promise<void> | null = null;
  let running: { app: App; url: string; embedded: boolean } | null = null;

  const closeAll = async (): Promise<void> => {
    draining = true;
    for (let close = opened.pop(); close; close = opened.pop()) {
      try {
        await close();
      } catch (error) {
        log.error({ err: error }, "a part of the hub did not close cleanly");
      }
    }
  };
  const close = (): Promise<void> => (closing ??= closeAll());

  /** Keeps what was opened for closing; a hub that was asked to close meanwhile opens nothing more. */
  const keep = (closeIt: () => Promise<void>): void => {
    opened.push(closeIt);
    if (draining) throw new SetupError(["Stopped before it was ready."]);
  };

  const open = async (): Promise<void> => {
    const database = await openOwnDatabase(config, onProgress);
    keep(() => database.close());
    if (!config.redisUrl) {
      const lock = await takeSingleHubLock(database.url, () => {
        overrides.onFatal?.("Another hub took this database while it could not be reached.");
      });
      if (!lock) throw new SetupError([alone]);
      keep(() => lock.release());
    }
    const applied = await prepareSchema(database.sql, config.migrate);
    if (applied.length > 0) onProgress(`The schema is up to date (${applied.length} migrations applied).`);
    const { app, coordination, close } = await assembleApp({
      config,
      sql: database.sql,
      log,
      newId,
      publicUrl: () => config.publicUrl ?? running?.url ?? "",
    });
    keep(close);
    if (config.adminApiKey) await ensureAdminKey(app, config.adminApiKey);
    await addDemoData(app, database.embedded, onProgress);

    warmUpZones(Date.now());
    const health = { draining: () => draining, redis: coordination.status };
    const backend = queuesOf(config, database.url);
    const monitor = createQueueMonitor(backend);
    keep(() => monitor.close());
    const http = await listen(app, {
      health,
      asyncApi: () => createAsyncApi(app.publicUrl()),
      queueMonitor: monitor.fetch,
    });
    keep(() => http.close());
    running = { app, url: `http://${forUrl(config.host)}:${http.port}`, embedded: database.embedded };
    if (config.roles.includes("worker")) {
      const jobs = await startJobs(app, backend);
      keep(() => jobs.close());
    }
    if (config.roles.includes("realtime")) {
      const { adapter } = coordination;
      const realtime = await startRealtime(app, { httpServer: http.server, ...(adapter ? { adapter } : {}) });
      keep(() => realtime.close());
    }
  };

  return {
    start: async () => {
      try {
        await open();
      } catch (error) {
        await closeAll();
        throw error;
      }
    },
    close,
    url: () => started(running).url,
    app: () => started(running).app,
    embedded: () => started(running).embedded,
  };
};

const alone =
  "Another Courtside runs on this database. Several nodes need Redis, or their rooms would split: set REDIS_URL on each.";

const started = <T>(running: T | null): T => {
  if (!running) throw new Error("the hub has not started");
  return running;
};

/** Where the queues of jobs live. */
const queuesOf = ({ redisUrl, redisPrefix }: Config, databaseUrl: string) =>
  redisUrl ? { redisUrl, prefix: `${redisPrefix}-bull` } : { databaseUrl };

/** Demo data is for a hub that somebody tries: once, and on the embedded database only, unless told otherwise. */
const addDemoData = async (
  app: App,
  embedded: boolean,
  onProgress: (message: string) => void,
): Promise<void> => {
  const { demoData } = app.config;
  const wanted = demoData === "true" || (demoData === "auto" && embedded && !(await hasCoaches(app)));
  if (!wanted) return;
  const { coaches, clients, bookings } = await loadDemoData(app);
  if (coaches + clients + bookings === 0) return;
  onProgress(`Demo data loaded: ${coaches} coaches, ${clients} clients, ${bookings} bookings.`);
};

const listen = async (app: App, parts: HubParts) => {
  const { host, port } = app.config;
  try {
    return await startHttpServer(app, { ...parts, host, port });
  } catch (error) {
    const reasons: Record<string, string> = {
      EADDRINUSE: `Port ${port} on ${host} is taken. Stop what uses it, or set PORT to another one (0 chooses a free one).`,
      EACCES: `Port ${port} may not be used by this user. Set PORT to one above 1023.`,
      EADDRNOTAVAIL: `HOST ${host} is not an address of this machine.`,
      ENOTFOUND: `HOST ${host} is not an address of this machine.`,
    };
    const reason = reasons[String((error as { code?: unknown }).code)];
    throw reason ? new SetupError([reason], { cause: error }) : error;
  }
};

/** An address as it stands in a URL; one that means "all of them" is reached through this machine's own. */
const forUrl = (host: string): string => {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
};
