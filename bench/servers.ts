import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, openDatabase } from "../src/db/client.ts";
import { startEmbeddedPostgres } from "../src/db/embedded.ts";
import { bin, freePort, startHubProcess } from "../tests/support/hub-process.ts";
import { startRedis } from "../tests/support/redis.ts";
import type { DialectName } from "./live/dialect.ts";
import { type RemoteCrowd, startCrowd } from "./live/remote-crowd.ts";

/** The admin key of every hub that is measured. */
export const adminKey = `ck_${"b".repeat(40)}`;

/** Something that listens, in a process of its own. */
export type Server = { url: string; pid: number; stop(): Promise<unknown> };

/** A database of one bench, and a pool to look into it. */
export type BenchDatabase = { url: string; sql: Database };

/** What benches are run on; all that it starts is stopped by `close`. */
export type Ground = {
  database(): Promise<BenchDatabase>;
  /** A hub as operators run it, with every guarantee on. */
  hub(database: BenchDatabase, env?: Record<string, string>): Promise<Server>;
  /** A program of `bench/baselines`. */
  baseline(name: string, database: BenchDatabase | null, env?: Record<string, string>): Promise<Server>;
  /** People for the rooms of one server, in a process of their own. */
  crowd(dialect: DialectName): RemoteCrowd;
  /** One Redis for the whole run. */
  redisUrl(): Promise<string>;
  close(): Promise<void>;
};

/**
 * Starts a Postgres that keeps its promises (fsync on), as the embedded one of a hub does. `BENCH_DATABASE_URL` names
 * another server to make databases on.
 */
export const openGround = async (): Promise<Ground> => {
  const closing: (() => Promise<unknown>)[] = [];
  const given = process.env["BENCH_DATABASE_URL"];
  const serverUrl = given ?? (await startPostgres(closing));
  let redis: Promise<string> | null = null;
  let made = 0;
  let closed: Promise<void> | null = null;
  const closeAll = async (): Promise<void> => {
    for (let close = closing.pop(); close; close = closing.pop()) await close().catch(() => {});
  };
  const stopLater = <T extends Server>(server: T): T => {
    closing.push(() => server.stop());
    return server;
  };
  return {
    database: async () => {
      const name = `bench_${process.pid}_${++made}`;
      const admin = openDatabase({ url: serverUrl, poolSize: 1 });
      await admin.unsafe(`CREATE DATABASE ${name}`);
      await admin.end();
      const url = new URL(serverUrl);
      url.pathname = `/${name}`;
      const sql = openDatabase({ url: url.href, poolSize: 4 });
      closing.push(async () => {
        await sql.end({ timeout: 1 });
        const again = openDatabase({ url: serverUrl, poolSize: 1 });
        await again.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
        await again.end();
      });
      return { url: url.href, sql };
    },
    hub: async (database, env = {}) =>
      stopLater(
        await startHubProcess({
          DATABASE_URL: database.url,
          ADMIN_API_KEY: adminKey,
          LOG_LEVEL: "error",
          ...nodeOptions(env),
        }),
      ),
    baseline: async (name, database, env = {}) =>
      stopLater(
        await startProgram(join(import.meta.dirname, "baselines", `${name}.ts`), {
          ...(database ? { DATABASE_URL: database.url } : {}),
          ...nodeOptions(env),
        }),
      ),
    crowd: (dialect) => {
      const crowd = startCrowd(dialect);
      closing.push(() => crowd.stop());
      return crowd;
    },
    redisUrl: () =>
      (redis ??= startRedis().then((server) => {
        closing.push(() => server.stop());
        return server.url;
      })),
    // Once for all who ask: a run that fails because it is being stopped waits for that to be done.
    close: () => (closed ??= closeAll()),
  };
};

/** With `BENCH_PROFILE=1` every hub and baseline leaves a profile of its processor time in `bench/profiles`. */
const nodeOptions = (env: Record<string, string>): Record<string, string> => {
  if (process.env["BENCH_PROFILE"] !== "1") return env;
  const dir = JSON.stringify(join(import.meta.dirname, "profiles"));
  return { ...env, NODE_OPTIONS: `${env["NODE_OPTIONS"] ?? ""} --cpu-prof --cpu-prof-dir=${dir}` };
};

const startPostgres = async (closing: (() => Promise<unknown>)[]): Promise<string> => {
  const dataDir = await mkdtemp(join(tmpdir(), "courtside-bench-"));
  closing.push(() => rm(dataDir, { recursive: true, force: true }));
  const server = await startEmbeddedPostgres({ dataDir, settings: { max_connections: "200" } });
  closing.push(() => server.stop());
  return server.url;
};

/** Starts a program that prints `ready` once it listens on `PORT`. */
const startProgram = async (file: string, env: Record<string, string>): Promise<Server> => {
  const port = String(await freePort());
  const child: ChildProcess = spawn(bin("node"), [file], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], ...env, PORT: port },
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", (chunk: Buffer) => chunk.toString().includes("ready") && resolve());
    child.once("exit", (code) => reject(new Error(`${file} ended with ${code}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    stop: async () => {
      if (child.exitCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
};
