import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createHub, type Hub } from "../hub.ts";
import { createLogger } from "../log.ts";
import { createApiKey, ensureAdminKey } from "../usecases/access/api-keys.ts";
import type { Command, CommandContext } from "./command.ts";

/** Runs a hub until it is asked to stop. */
export const start: Command = {
  summary: "start the hub",
  usage: `Usage: npm start

Starts the hub and runs until Ctrl-C. Without DATABASE_URL it brings its own Postgres, kept in DATA_DIR
(.courtside); without REDIS_URL it runs as one node. docs/operations.md lists every setting.`,
  run: async ({ args, config, print, stopped, isTerminal }) => {
    parseArgs({ args: [...args], options: {} });
    const startedAt = performance.now();
    const fatal = Promise.withResolvers<string>();
    const log = createLogger(config, isTerminal);
    const hub = createHub(config, { log, onProgress: print, onFatal: fatal.resolve });
    void stopped.then(() => hub.close());
    await hub.start();
    for (const line of await greeting(hub, config, Math.round(performance.now() - startedAt))) print(line);
    const failure = await Promise.race([stopped.then(() => null), fatal.promise]);
    if (failure === null) log.info("closing");
    else log.fatal(failure);
    await hub.close();
    log.info("closed");
    return failure === null ? 0 : 1;
  },
};

const greeting = async (hub: Hub, config: CommandContext["config"], ms: number): Promise<string[]> => {
  const url = config.publicUrl ?? hub.url();
  const { production } = config;
  const key = hub.embedded() && !production ? await localKey(hub, config.dataDir) : null;
  return [
    "",
    `Courtside is ready (${ms} ms).`,
    `  API        ${url}/v1`,
    `  Docs       ${url}/docs`,
    `  Live       ${url}/live`,
    key ? `  Admin key  ${key}` : `  Admin key  npm run key -- --scope admin`,
    ...(key ? ["", `  curl -H "X-API-Key: ${key}" ${url}/v1/sessions`] : []),
    "",
  ];
};

/**
 * The admin key of a hub on its embedded database, for whoever tries it on their machine. It lies beside the
 * database's own password and is made anew when either is gone.
 */
const localKey = async (hub: Hub, dataDir: string): Promise<string> => {
  const path = join(dataDir, "admin-key");
  const known = await readFile(path, "utf8").catch(() => null);
  if (known) {
    await ensureAdminKey(hub.app(), known.trim());
    return known.trim();
  }
  const { key } = await createApiKey(hub.app(), { name: "local admin key", scope: "admin" });
  await writeFile(path, `${key}\n`, { mode: 0o600 });
  await chmod(path, 0o600);
  return key;
};
