import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findRunningEmbeddedPostgres, startEmbeddedPostgres } from "../../../src/db/embedded.ts";
import { bin } from "../../support/hub-process.ts";
import { waitFor } from "../../support/wait.ts";

let parent: string;
let dataDir: string;
let stops: (() => Promise<void>)[] = [];
const settings = { fsync: "off" };

beforeEach(async () => {
  // Private to its owner, as temporary folders are: as root, Postgres' user could not get in by itself.
  parent = await mkdtemp(join(tmpdir(), "courtside embedded "));
  dataDir = join(parent, "data");
});

afterEach(async () => {
  for (const stop of stops.toReversed()) await stop();
  stops = [];
  await rm(parent, { recursive: true, force: true });
});

const start = async () => {
  const server = await startEmbeddedPostgres({ dataDir, settings });
  stops.push(server.stop);
  return server;
};

const query = async (url: string, text: string): Promise<unknown[]> => {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.end();
  }
};

const serverPid = async (): Promise<number> =>
  Number((await readFile(join(dataDir, "postgres/postmaster.pid"), "utf8").catch(() => "")).split("\n")[0]);

test("data is kept from one start to the next, and the password is nobody else's to read", async () => {
  const first = await start();
  await query(first.url, "CREATE TABLE kept AS SELECT 42 AS answer");
  await first.stop();
  expect(await findRunningEmbeddedPostgres(dataDir)).toBeUndefined();
  const second = await start();
  expect(await query(second.url, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
  expect(await findRunningEmbeddedPostgres(dataDir)).toBe(second.url);
  expect((await stat(join(dataDir, "postgres-password"))).mode & 0o077).toBe(0);
});

test("a folder in use is refused, naming the process, and its server goes on", async () => {
  const first = await start();
  await expect(start()).rejects.toThrow(`already running on ${dataDir} (process ${process.pid})`);
  expect(await query(first.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test("of several that start at the same moment one gets the folder", async () => {
  const starts = await Promise.allSettled([start(), start(), start()]);
  expect(starts.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected", "rejected"]);
});

test("a first start that was cut off is made anew", async () => {
  await mkdir(join(dataDir, "postgres.new"), { recursive: true });
  await writeFile(join(dataDir, "postgres.new/half"), "of a database");
  expect(await query((await start()).url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test("the server of a hub that was killed is taken over, with its data; Ctrl-C alone does not end it", async () => {
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(join(import.meta.dirname, "../../../src/db/embedded.ts"))};
    process.on("SIGINT", () => {});
    console.log((await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)} })).url);
    setInterval(() => {}, 1000);`;
  const owner = spawn(bin("node"), ["--input-type=module-typescript", "-e", script], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  owner.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const url = await waitFor(() => output.trim(), { what: "the owner's server", timeoutMs: 20_000 });
  await query(url, "CREATE TABLE kept AS SELECT 42 AS answer");
  const pid = await serverPid();
  // To the whole group, as a terminal sends it.
  process.kill(-(owner.pid ?? 0), "SIGINT");
  expect(await query(url, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
  await expect(start()).rejects.toThrow(`process ${owner.pid}`);
  owner.kill("SIGKILL");
  await once(owner, "exit");

  const next = await start();
  expect([next.adopted, next.url, await serverPid()]).toEqual([true, url, pid]);
  expect(await query(next.url, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
  await next.stop();
  expect(await serverPid()).toBe(0);
});
