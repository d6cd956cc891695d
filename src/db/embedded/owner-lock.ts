import { execFile } from "node:child_process";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** Held by the process that uses a folder; of no effect once that process is gone, however it went. */
export type OwnerLock = { release(): Promise<void> };

/**
 * Takes a folder for this process. The lock is a file with the process' id and the moment of its start, so that
 * neither a crash nor another process with the same id later on locks anybody out.
 * @returns the lock, or the id of the living process that has it
 */
export const lockFolder = async (folder: string): Promise<OwnerLock | { ownerPid: number }> => {
  const path = join(folder, "hub.pid");
  const own = `${process.pid} ${await startOf(process.pid)}\n`;
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, own, { mode: 0o600 });
  try {
    for (;;) {
      // A link is made whole or not at all, and never over another: of two that come at once, one has it.
      if (await tryLink(draft, path)) return { release: () => releaseIfOwn(path, own) };
      const found = await readFile(path, "utf8").catch(() => "");
      const [pid = "", start = ""] = found.trim().split(/ (.*)/s);
      if (pid !== "" && (await startOf(Number(pid))) === start) return { ownerPid: Number(pid) };
      await removeIfSame(path, found);
    }
  } finally {
    await rm(draft, { force: true });
  }
};

const tryLink = async (from: string, to: string): Promise<boolean> => {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "EEXIST") return false;
    throw error;
  }
};

/**
 * Removes a lock with this text. It is moved aside first and looked at there: between a look and a removal in its
 * place, somebody else could have taken it, and lost it by this.
 */
const removeIfSame = async (path: string, text: string): Promise<void> => {
  const aside = `${path}.${process.pid}.old`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, "utf8").catch(() => "")) !== text) await tryLink(aside, path);
  await rm(aside, { force: true });
};

const releaseIfOwn = (path: string, own: string): Promise<void> => removeIfSame(path, own);

/** When a process started, in whatever words its system uses; empty for one that is not there. */
const startOf = async (pid: number): Promise<string> => {
  if (!Number.isInteger(pid) || pid <= 0) return "";
  if (process.platform === "linux") {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    // Behind the name, which may hold anything, the 20th field: clock ticks between the boot and the start.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  }
  if (process.platform === "win32") return isAlive(pid) ? "alive" : "";
  const { stdout } = await promisify(execFile)("ps", ["-o", "lstart=", "-p", String(pid)]).catch(() => ({
    stdout: "",
  }));
  return stdout.trim();
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
};
