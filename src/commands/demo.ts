import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Redis } from "ioredis";
import { type Config, SetupError, readConfig } from "../config.ts";
import { EmbeddedPostgresError, startEmbeddedPostgres } from "../db/embedded.ts";
import { type Hub, createHub } from "../hub.ts";
import { createLogger } from "../log.ts";
import { createApiKey } from "../usecases/access/api-keys.ts";
import type { Command } from "./command.ts";
import { tellStory } from "./demo/story.ts";

/** Tells the whole story on a hub of its own, and fails if any of it was not true. */
export const demo: Command = {
  summary: "tell the whole story on a hub of its own",
  usage: `Usage: npm run demo

Starts a hub of its own on an embedded Postgres that is thrown away afterwards, and lets a coach and a client live
through a session: a race for the slot, the room, a lost connection, the end, the summary. With REDIS_URL set it
starts two nodes, and they meet across them. Exits with 0 only if everything it tells was true.`,
  run: async ({ args, config, print, stopped }) => {
    parseArgs({ args: [...args], options: {} });
    const startedAt = performance.now();
    const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1).padStart(5);
    const say = (line: string): void => print(line === "" ? "" : `${seconds()} s  ${line}`);
    const opened: (() => Promise<unknown>)[] = [];
    const closeAll = async (): Promise<void> => {
      for (let close = opened.pop(); close; close = opened.pop()) await close();
    };
    try {
      const interrupted = stopped.then(() => {
        throw new SetupError(["The demo was stopped."]);
      });
      const failures = await Promise.race([play(config, opened, say), interrupted]);
      say("");
      say(
        failures === 0
          ? "Everything above was checked as it happened, and was true."
          : `${failures} of it was NOT true.`,
      );
      return failures === 0 ? 0 : 1;
    } finally {
      await closeAll();
    }
  },
};

const play = async (
  config: Config,
  opened: (() => Promise<unknown>)[],
  say: (line: string) => void,
): Promise<number> => {
  const dataDir = await mkdtemp(join(tmpdir(), "courtside-demo-"));
  opened.push(() => rm(dataDir, { recursive: true, force: true }));
  say("Starting an embedded Postgres of its own …");
  const postgres = await startEmbeddedPostgres({ dataDir }).catch((error: unknown) => {
    throw error instanceof EmbeddedPostgresError ? new SetupError([error.message], { cause: error }) : error;
  });
  opened.push(() => postgres.stop());
  const prefix = `courtside-demo-${randomUUID()}`;
  const own = demoConfig(config, { databaseUrl: postgres.url, dataDir, prefix });
  if (config.redisUrl) opened.push(() => deleteKeys(config.redisUrl ?? "", prefix));
  const nodes: Hub[] = [];
  for (let node = 0; node < (config.redisUrl ? 2 : 1); node++) {
    const hub = createHub(own, { log: createLogger(own, false) });
    await hub.start();
    opened.push(() => hub.close());
    nodes.push(hub);
    say(
      `Node ${"AB"[node]} is ready at ${hub.url()}${config.redisUrl ? ", with Redis" : ", without Redis"}.`,
    );
  }
  const [first, second] = [nodes[0], nodes.at(-1)];
  if (!first || !second) throw new Error("a demo has a node");
  const { key } = await createApiKey(first.app(), { name: "demo", scope: "admin" });
  return tellStory({ coachUrl: first.url(), clientUrl: second.url(), key, say });
};

/** The settings of the demo's nodes: what the environment says of logging and Redis, and nothing else of it. */
const demoConfig = (
  config: Config,
  own: { databaseUrl: string; dataDir: string; prefix: string },
): Config => ({
  ...readConfig({
    DATABASE_URL: own.databaseUrl,
    DATA_DIR: own.dataDir,
    PORT: "0",
    DEMO_DATA: "false",
    LOG_LEVEL: "error",
  }),
  redisUrl: config.redisUrl,
  redisPrefix: own.prefix,
});

const deleteKeys = async (url: string, prefix: string): Promise<void> => {
  const redis = new Redis(url);
  try {
    for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 500 })) {
      if ((keys as string[]).length > 0) await redis.del(...(keys as string[]));
    }
  } finally {
    redis.disconnect();
  }
};
