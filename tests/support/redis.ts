import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ensureInstalled, works } from "./install.ts";

const startTimeoutMs = 10_000;
const stopTimeoutMs = 5_000;

export type TestRedis = {
  url: string;
  /** SIGTERM unless told otherwise. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
};

export type RedisOptions = {
  /** Where another was stopped. */
  port?: number;
  /** One that the caller may kill: TEST_REDIS_URL does not count. */
  own?: boolean;
};

/**
 * A Redis for tests, empty and without persistence. TEST_REDIS_URL names one to use instead (then `port` is
 * ignored and `stop` leaves it running). With `port`, one starts where another was stopped. Installs Redis
 * where it is missing and can be had. Throws when there is none to be had, or when it does not answer.
 */
export const startRedis = async ({ port, own = false }: RedisOptions = {}): Promise<TestRedis> => {
  const given = own ? undefined : process.env["TEST_REDIS_URL"];
  if (given) return { url: given, stop: async () => {} };
  await ensureRedis();
  if (port !== undefined) return launch(port);
  // A port that was free a moment ago may be gone by now: then another one is.
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await launch(await freePort());
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
};

/**
 * The shell becomes redis-server; beside it a watcher reads a pipe that only this process holds open, so Redis
 * ends with it, however it ends.
 */
const underWatch = `exec 3<&0; (cat <&3 >/dev/null; kill -TERM $$ 2>/dev/null) & exec "$@" 3<&- </dev/null`;

const launch = async (port: number): Promise<TestRedis> => {
  const dir = await mkdtemp(join(tmpdir(), "courtside-redis-"));
  const logFile = join(dir, "redis.log");
  const settings = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", dir, "--logfile", logFile];
  const inMemory = ["--save", "", "--appendonly", "no"];
  const child = spawn("sh", ["-c", underWatch, "sh", "redis-server", ...settings, ...inMemory], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  let running = true;
  void exited.then(() => {
    running = false;
  });
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    child.kill(signal);
    const forced = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
    await exited;
    clearTimeout(forced);
    child.stdin.destroy();
    await rm(dir, { recursive: true, force: true });
  };

  const deadline = Date.now() + startTimeoutMs;
  while ((await processIdAt(port)) !== child.pid) {
    if (!running || Date.now() > deadline) {
      const log = await readFile(logFile, "utf8").catch(() => "It wrote no log.");
      await stop();
      throw new Error(`redis-server did not start on port ${port}:\n${log}`);
    }
    await delay(20);
  }
  return { url: `redis://127.0.0.1:${port}`, stop };
};

/** Whose Redis answers on the port: another's may hold one that ours could not take. */
const processIdAt = (port: number): Promise<number | undefined> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("INFO server\r\n"));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once("data", (data) => {
      const [, processId] = /process_id:(\d+)/.exec(data.toString()) ?? [];
      resolve(processId === undefined ? undefined : Number(processId));
      socket.destroy();
    });
    socket.once("error", () => resolve(undefined));
    socket.once("close", () => resolve(undefined));
  });

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address && typeof address === "object") resolve(address.port);
        else reject(new Error("The system gave no port."));
      });
    });
  });

const ensureRedis = (): Promise<void> =>
  ensureInstalled({
    why: "The tests need Redis: put redis-server on the PATH, or set TEST_REDIS_URL, for example redis://127.0.0.1:6379.",
    packages: ["redis-server"],
    brew: "redis",
    isThere: () => works("redis-server", "--version"),
  });
