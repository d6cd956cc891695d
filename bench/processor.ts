import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import type { Database } from "../src/db/client.ts";

/** Linux counts processor time in these. */
const tickMs = 10;
const settleMs = 1_000;

const read = (pid: number, what: string): string | null => {
  try {
    return readFileSync(`/proc/${pid}/${what}`, "utf8");
  } catch {
    return null;
  }
};

/** The processor time that a process has taken so far, in milliseconds; NaN where the system does not tell. */
export const cpuMsOf = (pid: number): number => {
  // The name, in brackets, may hold spaces; utime and stime are the 12th and 13th value behind it.
  const fields = read(pid, "stat")?.split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
};

/** The same of all processes of the Postgres that serves a database; NaN when it runs elsewhere. */
export const postgresCpuMs = async (sql: Database): Promise<number> => {
  const backends = await sql<{ pid: number }[]>`SELECT pid FROM pg_stat_activity`;
  return (
    backends
      .filter(({ pid }) => read(pid, "comm")?.startsWith("postgres"))
      .map(({ pid }) => cpuMsOf(pid))
      .reduce((sum: number | null, ms) => (sum ?? 0) + ms, null) ?? Number.NaN
  );
};

/** Makes a server one whose memory {@link memoryOf} can read. */
export const measurableMemory = {
  NODE_OPTIONS: `--expose-gc --import=${pathToFileURL(join(import.meta.dirname, "live/gc.ts")).href}`,
};

/** What a process holds in memory (VmRSS, in bytes) a second after it was made to collect its garbage; NaN without /proc. */
export const memoryOf = async (pid: number): Promise<number> => {
  for (let times = 0; times < 2; times++) {
    process.kill(pid, "SIGUSR2");
    await delay(settleMs);
  }
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(read(pid, "status") ?? "")?.[1]) * 1024;
};
