import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, rmdir, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** Held by the process that uses a folder; of no effect once that process is gone, however it went. */
export type OwnerLock = { release(): Promise<void> };

/**
 * Takes a folder for this process.
 *
 * The lock is a folder with one file, under a name that nobody else ever uses. The file holds the process' id and
 * the moment of its start, so that neither a crash nor another process with the same id later on locks anybody
 * out. However many come at once, and wherever one of them is cut off, at most one has it, since
 *  - a folder takes the place of an empty one or of none in one step, and never of one that holds a file;
 *  - what a dead process left is removed by the name of its file, and so is never what somebody else put there.
 * A lock in one file lacks the second: between a look at it and its removal it can be somebody else's.
 * @returns the lock, or the id of the living process that has it
 * @throws what the file system says, when this process may not write to the folder
 */
export const lockFolder = async (folder: string): Promise<OwnerLock | { ownerPid: number }> => {
  const path = join(folder, "hub.pid");
  const name = randomUUID();
  const draft = `${path}.${name}`;
  await mkdir(draft, { mode: 0o700 });
  try {
    await writeFile(join(draft, name), `${process.pid} ${await startOf(process.pid)}\n`);
    for (;;) {
      if (await succeeds(rename(draft, path), occupied)) return { release: () => leave(path, name) };
      const ownerPid = await findOwner(path);
      if (ownerPid !== null) return { ownerPid };
    }
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
};

/** What systems say of a folder that holds something; Windows says EPERM to a rename. */
const occupied = [
  "ENOTEMPTY",
  "EEXIST",
  // A file: the lock of an older version.
  "ENOTDIR",
  ...(process.platform === "win32" ? ["EPERM"] : []),
];

/** The living process that has the lock; without one, removes what dead ones left and returns null. */
const findOwner = async (path: string): Promise<number | null> => {
  for (const name of await namesIn(path)) {
    const text = await readFile(join(path, name), "utf8").catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return "";
      throw error;
    });
    const [pid = "", start = ""] = text.trim().split(/ (.*)/s);
    if (await lives(Number(pid), start)) return Number(pid);
    await leave(path, name);
  }
  return null;
};

const namesIn = async (path: string): Promise<string[]> => {
  try {
    return await readdir(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    // The name that leads to the lock itself, where it is a file.
    if (codeOf(error) === "ENOTDIR") return [""];
    throw error;
  }
};

const leave = async (path: string, name: string): Promise<void> => {
  await succeeds(unlink(join(path, name)), ["ENOENT"]);
  // For tidiness: an empty folder keeps nobody out. By now it may be somebody's.
  await succeeds(rmdir(path), ["ENOENT", ...occupied]);
};

/** Whether it was done, or failed for one of these reasons. */
const succeeds = async (work: Promise<void>, reasons: readonly string[]): Promise<boolean> => {
  try {
    await work;
    return true;
  } catch (error) {
    if (reasons.includes(codeOf(error) ?? "")) return false;
    throw error;
  }
};

const codeOf = (error: unknown): string | undefined => (error as { code?: string }).code;

/** Whether the process that started then is there still; also where its start cannot be told. */
const lives = async (pid: number, start: string): Promise<boolean> => {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  const now = await startOf(pid);
  return now === "" || start === "" ? isAlive(pid) : now === start;
};

/** When a process started, in whatever words its system uses; empty where that cannot be told. */
const startOf = async (pid: number): Promise<string> => {
  if (process.platform === "linux") {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    // Behind the name, which may hold anything, the 20th field: clock ticks between the boot and the start.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  }
  if (process.platform === "win32") return "";
  // Two hubs with other settings must read the same moment in the same words.
  const env = { LC_ALL: "C", TZ: "UTC0" };
  const { stdout } = await promisify(execFile)("/bin/ps", ["-o", "lstart=", "-p", String(pid)], {
    env,
  }).catch(() => ({ stdout: "" }));
  return stdout.trim();
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
};
