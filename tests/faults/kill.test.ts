import { describe, test } from "vitest";
import type { Runtime } from "../support/hub-process.ts";
import { checkEverything } from "./support/checks.ts";
import { Load } from "./support/load.ts";
import { watchLosses } from "./support/losses.ts";
import { useGround } from "./support/ground.ts";
import { startWorld } from "./support/world.ts";

const ground = useGround();

describe.each<[Runtime, Runtime]>([
  ["node", "node"],
  ["node", "deno"],
  ["deno", "deno"],
])("on %s and %s", (...runtimes) => {
  test("a node that is killed loses nothing that was acknowledged; its people are missed, and leave once or come back", async ({
    task,
  }) => {
    const world = await startWorld(task.meta, { runtimes, ground });
    const load = await Load.start(world);
    // One who has a second device on the other node is not missed for a moment.
    const [room] = load.rooms;
    if (room) room.people.push(await world.person(room, { name: "client's phone", as: "client", node: 0 }));
    await room?.people.at(-1)?.enter();
    const gone = await Promise.all(
      load.rooms.map(async (each) => ({
        room: each,
        person: await load.join(each, { name: "gone", node: 1 }),
      })),
    );
    const returning = load.servedBy(world.node(1).url).filter(({ name }) => name !== "gone");

    for (const { person } of gone) person.stayAway();
    const killedAt = performance.now();
    await world.end(1, "SIGKILL");
    await watchLosses(world, { gone, since: killedAt });
    const backAt = returning.map(
      ({ joins }) => joins.find((at) => at > killedAt) ?? Number.POSITIVE_INFINITY,
    );
    world.observe("back on the other node", Math.max(...backAt) - killedAt, 5_000);
    world.observe(
      "bookings: longest silence",
      load.bookers.longestSilenceMs(killedAt, performance.now()),
      6_000,
    );

    await world.restart(1);
    await load.stop();
    await checkEverything(world, load);
    world.conclude();
  });
});
