import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockFolder } from "../../../src/db/embedded/owner-lock.ts";
import { bin } from "../../support/hub-process.ts";

let parent: string;
let contenders: ChildProcess[] = [];

/** What a contender is told: take a folder at this moment and keep it, or take turns on it until then. */
type Order = { folder: string; at: number } | { folder: string; until: number };
type Taken = "owner" | { ownerPid: number };
type Turns = { turns: number; clashes: number };

const script = `
  import { rm, writeFile } from "node:fs/promises";
  import { lockFolder } from ${JSON.stringify(join(import.meta.dirname, "../../../src/db/embedded/owner-lock.ts"))};
  const now = () => performance.timeOrigin + performance.now();
  const take = async (folder, at) => {
    // By spinning: a timer would spread the contenders over a millisecond or more.
    while (now() < at);
    const lock = await lockFolder(folder);
    return "release" in lock ? "owner" : lock;
  };
  const takeTurns = async (folder, until) => {
    const result = { turns: 0, clashes: 0 };
    while (now() < until) {
      const lock = await lockFolder(folder);
      if (!("release" in lock)) continue;
      result.turns++;
      const inside = folder + "/inside";
      await writeFile(inside, "", { flag: "wx" }).catch(() => result.clashes++);
      await rm(inside, { force: true });
      await lock.release();
    }
    return result;
  };
  process.on("message", async ({ folder, at, until }) => {
    const work = until === undefined ? take(folder, at) : takeTurns(folder, until);
    process.send(await work.catch((error) => ({ failed: String(error) })));
  });
  process.send("ready");`;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "courtside owner lock "));
});

afterEach(async () => {
  for (const contender of contenders) await kill(contender);
  contenders = [];
  await rm(parent, { recursive: true, force: true });
});

const kill = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
};

const startContenders = async (count: number): Promise<ChildProcess[]> => {
  const file = join(parent, "contender.ts");
  await writeFile(file, script);
  const started = Array.from({ length: count }, () => fork(file, { execPath: bin("node"), execArgv: [] }));
  contenders.push(...started);
  await Promise.all(started.map((child) => once(child, "message")));
  return started;
};

const tell = async <Answer extends Taken | Turns>(child: ChildProcess, order: Order): Promise<Answer> => {
  child.send(order);
  const [answer] = (await once(child, "message")) as [Answer];
  return answer;
};

const now = (): number => performance.timeOrigin + performance.now();

/** A folder as a killed process left it. */
const makeStale = async (): Promise<string> => {
  const folder = join(parent, "stale");
  await mkdir(folder);
  const [owner] = await startContenders(1);
  if (!owner) throw new Error("nobody leaves a lock behind");
  expect(await tell(owner, { folder, at: 0 })).toBe("owner");
  await kill(owner);
  return folder;
};

test("of many processes that come upon the lock of a killed one at once, exactly one has the folder", async () => {
  const stale = await makeStale();
  const racers = await startContenders(6);
  const outcomes = new Map<string, number>();
  for (let round = 0; round < 200; round++) {
    const folder = join(parent, String(round));
    await cp(stale, folder, { recursive: true });
    // In a few milliseconds, so that each has its order by then.
    const at = now() + 4;
    const answers = await Promise.all(racers.map((racer) => tell<Taken>(racer, { folder, at })));
    const owners = racers.filter((_, index) => answers[index] === "owner");
    // Nobody lets go: whoever is refused is refused for the sake of the one that has it.
    const misled = answers.filter((answer) => answer !== "owner" && answer.ownerPid !== owners[0]?.pid);
    const outcome = `owners: ${owners.length}, misled: ${misled.length}`;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    await rm(folder, { recursive: true });
  }
  expect(Object.fromEntries(outcomes)).toEqual({ "owners: 1, misled: 0": 200 });
});

test("processes that take and leave a folder in turns are never two in it", async () => {
  const folder = await makeStale();
  const racers = await startContenders(4);
  const until = now() + 2_000;
  const answers = await Promise.all(racers.map((racer) => tell<Turns>(racer, { folder, until })));
  expect(answers.map(({ clashes }) => clashes)).toEqual([0, 0, 0, 0]);
  expect(answers.reduce((sum, { turns }) => sum + turns, 0)).toBeGreaterThan(50);
  expect(await readdir(folder)).toEqual([]);
});

test("a process with the id of a dead owner, started at another moment, does not hold its folder", async () => {
  const lock = await lockFolder(parent);
  expect(await lockFolder(parent)).toEqual({ ownerPid: process.pid });
  const [name = ""] = await readdir(join(parent, "hub.pid"));
  const file = join(parent, "hub.pid", name);
  const text = await readFile(file, "utf8");
  await writeFile(file, `${process.pid} at another moment\n`);
  const next = await lockFolder(parent);
  if (!("release" in next)) throw new Error("locked out");
  // The one that lost its lock takes nothing with it.
  if ("release" in lock) await lock.release();
  expect(await lockFolder(parent)).toEqual({ ownerPid: process.pid });
  await next.release();

  // The same where an older version kept its lock in a file.
  await writeFile(join(parent, "hub.pid"), text);
  expect(await lockFolder(parent)).toEqual({ ownerPid: process.pid });
  await writeFile(join(parent, "hub.pid"), `${process.pid} at another moment\n`);
  expect(await lockFolder(parent)).toHaveProperty("release");
});
