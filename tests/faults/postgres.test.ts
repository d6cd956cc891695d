import { setTimeout as delay } from "node:timers/promises";
import { test } from "vitest";
import { waitFor } from "../support/wait.ts";
import { checkEverything } from "./support/checks.ts";
import { Load } from "./support/load.ts";
import { useGround } from "./support/ground.ts";
import { startWorld } from "./support/world.ts";

const outageMs = 4_000;
/** Connections are made anew by then, and whatever waited in a lane is through. */
const recoveryMs = 5_000;
/** Rooms look for what they missed every few seconds, and may find no connection yet the first time. */
const heardMs = 10_000;

const ground = useGround();

test("Postgres crashes and comes back: 503 for as long, then all is well with nobody restarted and nothing lost", async ({
  task,
}) => {
  const world = await startWorld(task.meta, {
    runtimes: ["node", "node", "deno"],
    ground,
  });
  // While it is away.
  world.mayPutOff = true;
  const load = await Load.start(world);
  const crashedAt = performance.now();
  await ground.postgres.crash();
  await delay(outageMs);
  await ground.postgres.restart();
  const backAt = performance.now();
  world.observe("away", backAt - crashedAt);

  const bookedAt = await waitFor(() => load.bookers.answeredAt.find((at) => at > backAt), {
    timeoutMs: 30_000,
    what: "bookings to go on",
  }).catch(() => Number.POSITIVE_INFINITY);
  world.observe("booked again after", bookedAt - backAt, recoveryMs);
  const everybody = load.everybody();
  const heardAt = await waitFor(
    () => {
      const times = everybody.map(({ latencies }) => latencies.find(({ at }) => at > backAt)?.at);
      return times.every((at) => at !== undefined) ? Math.max(...times.map(Number)) : null;
    },
    { timeoutMs: 30_000, what: "everybody to hear something" },
  ).catch(() => Number.POSITIVE_INFINITY);
  world.observe("everybody heard again after", heardAt - backAt, heardMs);
  // For a time after it, so that a 503 that comes late is seen.
  await delay(3_000);
  const last = world.rest.unavailable.at(-1) ?? backAt;
  world.observe("last 503 after it was back", Math.max(0, last - backAt), recoveryMs);
  await load.stop();
  await checkEverything(world, load);
  for (const [index, { hub }] of world.nodes.entries())
    world.expect(isRunning(hub.pid), `node ${index} has ended`);
  world.conclude();
});

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
