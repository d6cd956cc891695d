import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { EmbeddedPostgresError, lastLines } from "./error.ts";
import type { Runner } from "./runner.ts";

type DataFolder = {
  dataDir: string;
  /** The user that Postgres knows, and whose password is made. */
  user: string;
  onProgress: ((message: string) => void) | undefined;
};

export const folderOf = (dataDir: string): string => join(dataDir, "postgres");
export const passwordPathOf = (dataDir: string): string => join(dataDir, "postgres-password");
const attemptOf = (dataDir: string): string => join(dataDir, "postgres.new");

/**
 * Makes Postgres' data folder and its password on the first start, wherever an earlier one was cut off.
 * @returns the password of the server
 * @throws EmbeddedPostgresError when what is there can be neither used nor replaced
 */
export const prepareDataFolder = async (runner: Runner, options: DataFolder): Promise<string> => {
  const { dataDir, user, onProgress } = options;
  const folder = folderOf(dataDir);
  await removeAttempts(dataDir);
  const password = await passwordOf(dataDir);
  if (password !== null) return password;

  onProgress?.(`Making a database in ${dataDir} …`);
  // In a folder of this attempt's own: the initdb of a hub that was killed goes on writing to its own.
  const attempt = await mkdtemp(`${attemptOf(dataDir)}-`);
  const fresh = join(attempt, "postgres");
  const passwordFile = join(attempt, "password");
  const made = randomBytes(24).toString("base64url");
  await mkdir(fresh, { mode: 0o700 });
  // On the disk before the data is: without it the data would be closed for ever.
  await writeFile(passwordFile, `${made}\n`, { mode: 0o600, flush: true });
  if (runner.owner) {
    for (const path of [attempt, fresh, passwordFile]) await chown(path, runner.owner.uid, runner.owner.gid);
  }
  await initdb(runner, { dataDir, fresh, passwordFile, user });
  await chmod(passwordFile, 0o600);
  // The data last, for it makes the database whole: cut off before it, the next start makes both anew.
  await rename(passwordFile, passwordPathOf(dataDir));
  await rename(fresh, folder);
  await rm(attempt, { recursive: true, force: true });
  return made;
};

/** The password of the database that is there; null when none is. */
const passwordOf = async (dataDir: string): Promise<string | null> => {
  const folder = folderOf(dataDir);
  const version = await readIfThere(join(folder, "PG_VERSION"));
  const password = (await readIfThere(passwordPathOf(dataDir)))?.trim();
  if (version !== null && password) return password;
  if (version !== null) {
    throw new EmbeddedPostgresError(
      `${passwordPathOf(dataDir)} is missing or empty; without it the data in ${folder} cannot be opened.`,
    );
  }
  // No start of ours leaves a part there, so it may be data of somebody's, or what is left of ours.
  const found = await readdir(folder).catch(nullIfMissing);
  if (found !== null && found.length > 0) {
    throw new EmbeddedPostgresError(
      `${folder} holds files but no database. Move it away, or set DATA_DIR to another folder.`,
    );
  }
  return null;
};

const initdb = async (
  runner: Runner,
  {
    dataDir,
    fresh,
    passwordFile,
    user,
  }: { dataDir: string; fresh: string; passwordFile: string; user: string },
): Promise<void> => {
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
  if (result.code === 0) return;
  throw new EmbeddedPostgresError(
    `The database could not be made in ${dataDir}: ${lastLines(result.output)}`,
  );
};

/** Removes what starts that were cut off left; what is still written to stays until a later start. */
const removeAttempts = async (dataDir: string): Promise<void> => {
  const attempt = basename(attemptOf(dataDir));
  for (const name of await readdir(dataDir)) {
    if (name.startsWith(attempt))
      await rm(join(dataDir, name), { recursive: true, force: true }).catch(() => {});
  }
};

/** Null where there is no file; a file that may not be read is not taken for none. */
const readIfThere = (path: string): Promise<string | null> => readFile(path, "utf8").catch(nullIfMissing);

const nullIfMissing = (error: unknown): null => {
  if ((error as { code?: string }).code === "ENOENT") return null;
  throw error;
};
