import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { createApi } from "../../src/commands/demo/visitor.ts";
import { createTestDatabase } from "../support/database.ts";
import { type HubProcess, freePort, runCommand, startHubProcess } from "../support/hub-process.ts";
import { waitFor } from "../support/wait.ts";

let dataDir: string;
let running: HubProcess[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "courtside-start-"));
});

afterEach(async () => {
  await Promise.all(running.map((hub) => hub.stop("SIGKILL")));
  running = [];
  // A killed hub leaves its database to the next one: this next one stops it.
  if (await postgresPid()) await runCommand(["migrate", "status"], { env: { DATA_DIR: dataDir } });
  await rm(dataDir, { recursive: true, force: true });
});

const start = async (env: Record<string, string>, runtime?: "node" | "deno"): Promise<HubProcess> => {
  const hub = await startHubProcess(env, runtime);
  running.push(hub);
  return hub;
};

/** The id of the Postgres that serves the data folder, while one does: it takes its file away as it ends. */
const postgresPid = async (): Promise<number | null> => {
  const text = await readFile(join(dataDir, "postgres/postmaster.pid"), "utf8").catch(() => "");
  return Number(text.split("\n")[0]) || null;
};

describe.each(["node", "deno"] as const)("on %s, with nothing installed", (runtime) => {
  test("a hub starts, shows a key that works, loads its demo data once and closes in order", async () => {
    const env = { DATA_DIR: dataDir, DEMO_DATA: "auto" };
    const first = await start(env, runtime);
    const key = /ck_[\w-]+/.exec(first.output())?.[0] ?? "";
    const coaches = async (url: string) =>
      (await createApi(url, key).get<{ data: unknown[] }>("/coaches")).data.length;
    expect(await coaches(first.url)).toBe(3);
    expect(await postgresPid()).not.toBeNull();
    expect(await first.stop("SIGINT")).toBe(0);
    expect(await postgresPid()).toBeNull();

    const second = await start(env, runtime);
    expect(second.output()).toContain(key);
    expect(second.output()).not.toContain("Demo data");
    expect(await coaches(second.url)).toBe(3);
  });
});

test("a second start on the same folder says so and leaves the first one alone", async () => {
  const first = await start({ DATA_DIR: dataDir });
  const second = await runCommand([], { env: { DATA_DIR: dataDir, PORT: "0" } });
  expect(second.code).toBe(1);
  expect(second.stderr.trim().split("\n")).toEqual([
    expect.stringContaining(`Another Courtside is already running on ${dataDir} (process ${first.pid})`),
  ]);
  expect((await fetch(`${first.url}/readyz`)).status).toBe(200);
});

test("a hub that was killed leaves nothing in the way: the next one has its data", async () => {
  const first = await start({ DATA_DIR: dataDir });
  const key = /ck_[\w-]+/.exec(first.output())?.[0] ?? "";
  await createApi(first.url, key).post("/coaches", { name: "Ada", timeZone: "Europe/Berlin" });
  await first.stop("SIGKILL");
  const second = await start({ DATA_DIR: dataDir });
  const { data } = await createApi(second.url, key).get<{ data: { name: string }[] }>("/coaches");
  expect(data.map((coach) => coach.name)).toEqual(["Ada"]);
  expect(await second.stop()).toBe(0);
  expect(await postgresPid()).toBeNull();
});

test("a taken port is told in one line, and nothing is left running", async () => {
  const port = await freePort();
  const taken = createServer().listen(port, "127.0.0.1");
  try {
    const { code, stderr } = await runCommand([], { env: { DATA_DIR: dataDir, PORT: String(port) } });
    expect(code).toBe(1);
    expect(stderr.trim().split("\n")).toEqual([
      expect.stringContaining(`Port ${port} on 127.0.0.1 is taken`),
    ]);
    expect(await postgresPid()).toBeNull();
  } finally {
    taken.close();
  }
});

test.each([
  ["a wrong setting", { PORT: "eighty", LEAVE_GRACE_SECONDS: "-1" }, ["PORT: ", "LEAVE_GRACE_SECONDS: "]],
  [
    "a database that is not there",
    { DATABASE_URL: "postgres://u:hunter2@127.0.0.1:1/x" },
    ["DATABASE_URL: "],
  ],
  ["production without a database", { NODE_ENV: "production" }, ["DATABASE_URL: "]],
])("%s is told in one line each, without secrets, and the start fails", async (_, env, beginnings) => {
  const { code, stderr } = await runCommand([], { env: { DATA_DIR: dataDir, ...env } });
  expect(code).toBe(1);
  expect(stderr.trim().split("\n")).toEqual(beginnings.map((text) => expect.stringContaining(text)));
  expect(stderr).not.toContain("hunter2");
});

test("a Redis that is not there is told in one line, and the start fails", async () => {
  const database = await createTestDatabase();
  try {
    const env = { DATABASE_URL: database.url, REDIS_URL: `redis://127.0.0.1:${await freePort()}` };
    const { code, stderr } = await runCommand([], { env });
    expect(code).toBe(1);
    expect(stderr.trim().split("\n")).toEqual([expect.stringContaining("REDIS_URL: ")]);
  } finally {
    await database.drop();
  }
});

test("a second hub on one database without Redis refuses to start; with Redis it starts", async () => {
  const database = await createTestDatabase();
  try {
    await start({ DATABASE_URL: database.url });
    const alone = await runCommand([], { env: { DATABASE_URL: database.url, PORT: "0" } });
    expect(alone.code).toBe(1);
    expect(alone.stderr).toContain("Another Courtside runs on this database");
    const redis = { REDIS_URL: inject("redisUrl"), REDIS_PREFIX: `start-${process.pid}` };
    await start({ DATABASE_URL: database.url, ...redis });
    await start({ DATABASE_URL: database.url, ...redis });
  } finally {
    await Promise.all(running.map((hub) => hub.stop()));
    await database.drop();
  }
});

test("key, token, seed and migrate work on the embedded database while the hub runs, with --json for scripts", async () => {
  const hub = await start({ DATA_DIR: dataDir });
  const env = { DATA_DIR: dataDir };
  const seeded = await runCommand(["seed", "--json"], { env });
  expect(JSON.parse(seeded.stdout)).toEqual({ coaches: 3, clients: 3, bookings: 4 });
  const key = await runCommand(["key", "--scope", "read", "--json"], { env });
  const { data } = await createApi(hub.url, (JSON.parse(key.stdout) as { key: string }).key).get<{
    data: { id: string }[];
  }>("/coaches");
  expect(data).toHaveLength(3);
  const token = await runCommand(["token", "--coach", "ext:demo-coach-ada", "--json"], { env });
  const mine = await fetch(`${hub.url}/v1/me/sessions`, {
    headers: { authorization: `Bearer ${(JSON.parse(token.stdout) as { token: string }).token}` },
  });
  expect(((await mine.json()) as { data: unknown[] }).data).toHaveLength(2);
  const status = await runCommand(["migrate", "status"], { env });
  expect(status.stdout).not.toContain("not applied");
  expect((await fetch(`${hub.url}/readyz`)).status).toBe(200);
});

test("commands explain themselves, and what they do not understand", async () => {
  for (const name of ["start", "demo", "migrate", "seed", "token", "key"]) {
    const help = await runCommand([name, "--help"]);
    expect([help.code, help.stdout]).toEqual([0, expect.stringContaining("Usage: npm")]);
  }
  const unknown = await runCommand(["serve"]);
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('There is no command "serve"')]);
  const wrong = await runCommand(["key", "--scope", "everything"]);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("--scope takes one of")]);
});

test("a hub that is asked to stop while it starts leaves nothing running", async () => {
  const ended = runCommand([], { env: { DATA_DIR: dataDir, PORT: "0" }, signalWhen: "Making a database" });
  expect(await ended).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("Stopped before it was ready.") as string,
  });
  expect(await postgresPid()).toBeNull();
});

test("started by npm, a hub stops when npm is stopped, though no signal reaches it", async () => {
  const port = await freePort();
  const npm = spawn("npm", ["start"], {
    cwd: join(import.meta.dirname, "../.."),
    stdio: "ignore",
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      DATA_DIR: dataDir,
      DEMO_DATA: "false",
      PORT: String(port),
    },
  });
  const ready = async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null))?.ok;
  await waitFor(ready, { what: "the hub to be ready", timeoutMs: 30_000 });
  npm.kill("SIGTERM");
  await waitFor(async () => (await postgresPid()) === null, { what: "the hub to close", timeoutMs: 10_000 });
  expect(await ready()).toBeUndefined();
});
