import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * The environment in which a program's wall clock is off by so many seconds; its monotonic clock, which timers
 * go by, stays right. Installs libfaketime where it is missing and can be had (Debian's package `libfaketime`).
 * @throws when there is none to be had
 */
export const clockOff = async (seconds: number): Promise<Record<string, string>> => {
  const library = (await findLibrary()) ?? (await install());
  return {
    LD_PRELOAD: library,
    FAKETIME: `${seconds < 0 ? "" : "+"}${seconds}s`,
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
};

/** Debian keeps it in a folder of the machine's architecture; the variant for programs with threads. */
const findLibrary = async (): Promise<string | undefined> => {
  for (const folder of await readdir("/usr/lib").catch(() => [])) {
    const found = join("/usr/lib", folder, "faketime/libfaketimeMT.so.1");
    const there = await run("test", ["-r", found]).then(
      () => true,
      () => false,
    );
    if (there) return found;
  }
  return undefined;
};

const aptInstall = `
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends libfaketime
`;

const install = async (): Promise<string> => {
  const [command, ...args] =
    process.getuid?.() === 0 ? ["sh", "-c", aptInstall] : ["sudo", "-n", "sh", "-c", aptInstall];
  process.stderr.write("libfaketime is missing; installing it with apt-get.\n");
  const missing = "The test of a wrong clock needs libfaketime: install Debian's package of that name.";
  await run(command ?? "sh", args).catch((cause: unknown) => {
    throw new Error(missing, { cause });
  });
  const library = await findLibrary();
  if (!library) throw new Error(missing);
  return library;
};
