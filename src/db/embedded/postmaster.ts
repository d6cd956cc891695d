import { execFile } from "node:child_process";
import { readFile, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Runner } from "./runner.ts";

/**
 * The port of the server that runs on a data folder. `postmaster.pid` alone does not tell: it outlives a server
 * that was killed, whose process id can be anybody's by now, and it is copied along with a folder.
 * @returns null when none runs
 */
export const findServerPort = async (folder: string): Promise<number | null> => {
  // Its lines: the process, its data folder, when it started, its port.
  const text = await readFile(pidFileOf(folder), "utf8").catch(() => "");
  const [pid, servedFolder = "", , port] = text.split("\n");
  if (!(Number(pid) > 0) || !(Number(port) > 0)) return null;
  return (await serves(Number(pid), { folder, servedFolder })) ? Number(port) : null;
};

/** Stops the server of this folder, if one runs: fast, and at once when that takes too long. */
export const stopServer = async (runner: Runner, folder: string): Promise<void> => {
  if ((await findServerPort(folder)) === null) {
    // It names nobody or somebody else, whom pg_ctl would signal, and for whose sake Postgres would not start.
    // Should a server be missed here, Postgres itself still refuses a second one, by its shared memory.
    await rm(pidFileOf(folder), { force: true });
    return;
  }
  const stopped = await runner.run("pg_ctl", ["stop", "-w", "-t", "20", "-s", "-m", "fast", "-D", folder]);
  if (stopped.code !== 0)
    await runner.run("pg_ctl", ["stop", "-w", "-t", "10", "-s", "-m", "immediate", "-D", folder]);
};

const pidFileOf = (folder: string): string => join(folder, "postmaster.pid");

/** Whether a process is a Postgres that was started on a folder, under the name that it wrote down for it. */
const serves = async (
  pid: number,
  { folder, servedFolder }: { folder: string; servedFolder: string },
): Promise<boolean> => {
  const [real, served] = await Promise.all(
    [folder, servedFolder].map((path) => realpath(path).catch(() => null)),
  );
  if (real === null || real !== served) return false;
  // There pg_ctl signals through a pipe that only a Postgres has, so that nobody else can be hit.
  if (process.platform === "win32") return true;
  return `${await commandOf(pid)} `.includes(`postgres -D ${servedFolder} `);
};

/** The words that a process was started with; empty when there is no such process. */
const commandOf = async (pid: number): Promise<string> => {
  if (process.platform === "linux") {
    const words = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return words.replaceAll("\0", " ").trim();
  }
  const { stdout } = await promisify(execFile)("/bin/ps", ["-ww", "-o", "command=", "-p", String(pid)]).catch(
    () => ({ stdout: "" }),
  );
  return stdout.trim();
};
