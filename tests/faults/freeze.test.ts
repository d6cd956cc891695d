import { setTimeout as delay } from "node:timers/promises";
import { describe, test } from "vitest";
import type { Runtime } from "../support/hub-process.ts";
import { waitFor } from "../support/wait.ts";
import { checkEverything } from "./support/checks.ts";
import { Load } from "./support/load.ts";
import { watchLosses } from "./support/losses.ts";
import { useGround } from "./support/ground.ts";
import { longestSilenceMs } from "./support/silence.ts";
import { startWorld } from "./support/world.ts";

/** Longer than the lease and the grace, and than a client waits for a ping. */
const freezeMs = 20_000;
/** As long as a dead node may go unnoticed, and the wait for a lock on top. */
const heldUpMs = 10_000;

const ground = useGround();

describe.each<[Runtime, Runtime]>([
  ["node", "node"],
  ["node", "deno"],
])("on %s and %s", (...runtimes) => {
  test("a node that was frozen for 20 s and wakes has no ghosts: who left stays away, who moved is there once", async ({
    task,
  }) => {
    const world = await startWorld(task.meta, { runtimes, ground });
    // Whoever waits for a lock of the frozen node is put off.
    world.mayPutOff = true;
    const load = await Load.start(world);
    const join = (name: string) =>
      Promise.all(
        load.rooms.map(async (room) => ({ room, person: await load.join(room, { name, node: 1 }) })),
      );
    const [gone, leavers, movers] = [await join("gone"), await join("leaver"), await join("mover")];
    // Those who stay where they are notice by themselves, by the pings that do not come.
    const others = load
      .servedBy(world.node(1).url)
      .filter(({ name }) => !["gone", "mover", "leaver"].includes(name));

    const frozenAt = performance.now();
    process.kill(world.node(1).hub.pid, "SIGSTOP");
    for (const { person } of gone) person.vanish();
    for (const { person } of [...movers, ...leavers]) person.moveOn();
    const watched = Promise.all([
      ...leavers.map(({ person }) => person.leave()),
      watchLosses(world, { gone, since: frozenAt }),
    ]);
    await delay(frozenAt + freezeMs - performance.now());
    process.kill(world.node(1).hub.pid, "SIGCONT");
    await watched;
    const wokeAt = performance.now();
    // Under load, for a time in which ghosts would have come back.
    await delay(3_000);
    await load.stop();
    const backAt = others.map(({ joins }) => joins.find((at) => at > frozenAt) ?? Number.POSITIVE_INFINITY);
    world.observe("noticed by clients that only wait", Math.max(...backAt) - frozenAt, freezeMs + 3_000);
    world.observe("bookings: longest silence", load.bookers.longestSilenceMs(frozenAt, wokeAt));
    await checkEverything(world, load);
    for (const { room, person } of leavers) {
      const { participantId } = person;
      const comings = room.coach.events.filter(
        ({ data }) => (data as { participantId?: string }).participantId === participantId,
      );
      const last = comings.findLast(({ type }) => type !== "message:posted")?.type;
      world.expect(
        last === "participant:left",
        `${person.name}, who left, was brought back: ${String(last)}`,
      );
    }
    world.conclude();
  });
});

test("a node that is frozen in the middle of a transaction holds up its rooms and lanes for a moment only", async ({
  task,
}) => {
  const world = await startWorld(task.meta, { runtimes: ["node", "node"], ground });
  world.mayPutOff = true;
  // Often in a transaction: each room is spoken in all the time, on both nodes.
  const load = await Load.start(world, { paceMs: 150 });
  const { pid } = world.node(1).hub;
  const frozenAt = await waitFor(
    async () => {
      const at = performance.now();
      process.kill(pid, "SIGSTOP");
      await delay(1_200);
      if ((await ground.postgres.countAbandoned()) > 0) return at;
      process.kill(pid, "SIGCONT");
      await delay(100 * world.random());
      return null;
    },
    { timeoutMs: 60_000, what: "the node to be caught in a transaction" },
  );
  await delay(frozenAt + heldUpMs + 5_000 - performance.now());
  const now = performance.now();
  process.kill(pid, "SIGCONT");
  const silences = load.rooms.map(({ coach }) => longestSilenceMs(coach.heardAt, frozenAt, now));
  world.observe("longest silence in a room", Math.max(...silences), heldUpMs);
  world.observe("bookings: longest silence", load.bookers.longestSilenceMs(frozenAt, now), heldUpMs);
  await load.stop();
  await checkEverything(world, load);
  world.conclude();
});
