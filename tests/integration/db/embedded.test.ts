import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import postgres from "postgres";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  EmbeddedPostgresError,
  findRunningEmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../../src/db/embedded.ts";
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

/** A process of its own that starts a server on the folder, prints its URL and stays. */
const startOwner = (): ChildProcessByStdio<null, Readable, null> => {
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(join(import.meta.dirname, "../../../src/db/embedded.ts"))};
    process.on("SIGINT", () => {});
    console.log((await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)} })).url);
    setInterval(() => {}, 1000);`;
  return spawn(bin("node"), ["--input-type=module-typescript", "-e", script], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
};

test("the server of a hub that was killed is taken over, with its data; Ctrl-C alone does not end it", async () => {
  const owner = startOwner();
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

test("a first start that was killed is made anew, also while its initdb goes on writing", async () => {
  const owner = startOwner();
  const attempt = await waitFor(() => findAttempt("postgres/base"), { what: "initdb to be at work" });
  owner.kill("SIGKILL");
  await once(owner, "exit");
  // Its initdb would end at a moment of its own; this one writes for as long as it takes.
  const script = `
    import { mkdirSync, writeFileSync } from "node:fs";
    const folder = ${JSON.stringify(join(attempt, "postgres/base"))};
    for (let name = 0; ; name = (name + 1) % 1000) {
      try {
        mkdirSync(folder, { recursive: true });
        writeFileSync(folder + "/" + name, "");
        if (name === 99) console.log("writing");
      } catch {}
    }`;
  const writer = spawn(bin("node"), ["--input-type=module-typescript", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(writer.stdout, "data");
    const server = await start();
    expect(await query(server.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    await server.stop();
  } finally {
    writer.kill("SIGKILL");
    await once(writer, "exit");
  }
  await start();
  expect(await findAttempt("")).toBeUndefined();
});

/** The folder in which a first start makes its database, as soon as this is in it. */
const findAttempt = async (inside: string): Promise<string | undefined> => {
  const names = await readdir(dataDir).catch(() => []);
  const attempts = names.filter((name) => name.startsWith("postgres.new")).map((name) => join(dataDir, name));
  for (const attempt of attempts) if (await stat(join(attempt, inside)).catch(() => null)) return attempt;
  return undefined;
};

test("a first start that was killed between its password and its data is made anew", async () => {
  await mkdir(join(dataDir, "postgres.new-1/postgres"), { recursive: true });
  const path = join(dataDir, "postgres-password");
  await writeFile(path, "of data that never came\n");
  const server = await start();
  expect(await query(server.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  expect(await readFile(path, "utf8")).toBe(`${new URL(server.url).password}\n`);
  expect(await findAttempt("")).toBeUndefined();
});

test("files in the place of the data are left alone, and named", async () => {
  await mkdir(join(dataDir, "postgres"), { recursive: true });
  await writeFile(join(dataDir, "postgres/precious"), "");
  await expectRefusal(start(), `${dataDir}/postgres holds files but no database`);
  expect(await readdir(join(dataDir, "postgres"))).toEqual(["precious"]);
});

const expectRefusal = async (started: Promise<unknown>, message: string): Promise<void> => {
  const error = await started.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(EmbeddedPostgresError);
  expect((error as Error).message).toContain(message);
  expect((error as Error).message).not.toContain("\n");
};

test("a process that has the id of a server that was killed is neither signalled nor in the way", async () => {
  const first = await start();
  const pidFile = join(dataDir, "postgres/postmaster.pid");
  const left = await readFile(pidFile, "utf8");
  await first.stop();
  // Of Postgres' own user: it could not signal another's, and would not mind it.
  const { uid, gid } = await stat(join(dataDir, "postgres"));
  const innocent = spawn("sleep", ["60"], { uid, gid, stdio: "ignore" });
  try {
    await once(innocent, "spawn");
    await writeFile(pidFile, left.replace(/^\d+/, String(innocent.pid)), { mode: 0o600 });
    await chown(pidFile, uid, gid);
    expect(await findRunningEmbeddedPostgres(dataDir)).toBeUndefined();
    const second = await start();
    expect(await query(second.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect([innocent.exitCode, innocent.signalCode]).toEqual([null, null]);
  } finally {
    innocent.kill("SIGKILL");
  }
});

test("a folder that was copied from a running hub's neither takes over nor stops that one's server", async () => {
  const first = await start();
  await first.stop();
  const copied = join(parent, "copied");
  await cp(dataDir, copied, { recursive: true });
  const { uid, gid } = await stat(join(dataDir, "postgres"));
  const original = await start();
  await cp(join(dataDir, "postgres/postmaster.pid"), join(copied, "postgres/postmaster.pid"));
  if (process.getuid?.() === 0) spawnSync("chown", ["-R", `${uid}:${gid}`, join(copied, "postgres")]);
  dataDir = copied;
  const server = await start();
  expect(server.url).not.toBe(original.url);
  expect(await query(original.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test("a folder that may not be written is refused, with what to do", async () => {
  // Root may write anywhere but where the kernel makes the files.
  if (process.getuid?.() === 0) dataDir = "/sys/kernel";
  else {
    await mkdir(dataDir);
    await chmod(dataDir, 0o555);
  }
  await expectRefusal(start(), `DATA_DIR: the folder ${dataDir} cannot be used (E`);
  await expectRefusal(start(), "Let this user write there, or set DATA_DIR to another folder.");
});

test("a folder below a file, and a password that cannot be read, are refused with what to do", async () => {
  await writeFile(join(parent, "file"), "");
  dataDir = join(parent, "file/data");
  await expectRefusal(start(), `DATA_DIR: the folder ${dataDir} cannot be used (ENOTDIR`);
  dataDir = join(parent, "data");
  await mkdir(dataDir);
  // A link to itself: not to be read by root either.
  await symlink("postgres-password", join(dataDir, "postgres-password"));
  await expectRefusal(start(), `DATA_DIR: the folder ${dataDir} cannot be used (ELOOP`);
});

test("a wrong password is told from a missing one, for a server that was left running too", async () => {
  const path = join(dataDir, "postgres-password");
  const first = await start();
  await query(first.url, "CREATE TABLE kept AS SELECT 42 AS answer");
  const password = await readFile(path, "utf8");
  await first.stop();
  for (const [written, message] of [
    [
      "wrong\n",
      `The database in ${dataDir} refuses the password in ${path}. Put back the one that belongs to it`,
    ],
    ["\n", `${path} is missing or empty`],
  ] as const) {
    await writeFile(path, written);
    await expectRefusal(start(), message);
  }
  await writeFile(path, password);
  const owner = startOwner();
  await once(owner.stdout, "data");
  owner.kill("SIGKILL");
  await once(owner, "exit");
  await writeFile(path, "wrong\n");
  await expectRefusal(start(), `refuses the password in ${path}`);
  await writeFile(path, password);
  expect(await query((await start()).url, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
});
