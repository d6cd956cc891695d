import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ensureInstalled, works } from "./install.ts";

/**
 * The environment in which a program's wall clock is off by so many seconds; its monotonic clock, which timers
 * go by, stays right. Installs libfaketime where it is missing and can be had (Debian's package `libfaketime`).
 * @throws when there is none to be had
 */
export const clockOff = async (seconds: number): Promise<Record<string, string>> => {
  await ensureInstalled({
    why: "The test of a wrong clock needs libfaketime: install Debian's package of that name.",
    packages: ["libfaketime"],
    isThere: async () => (await findLibrary()) !== undefined,
  });
  return {
    LD_PRELOAD: (await findLibrary()) ?? "",
    FAKETIME: `${seconds < 0 ? "" : "+"}${seconds}s`,
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
};

/** Debian keeps it in a folder of the machine's architecture; the variant for programs with threads. */
const findLibrary = async (): Promise<string | undefined> => {
  for (const folder of await readdir("/usr/lib").catch(() => [])) {
    const found = join("/usr/lib", folder, "faketime/libfaketimeMT.so.1");
    if (await works("test", "-r", found)) return found;
  }
  return undefined;
};
