import { describe, test } from "vitest";
import type { Runtime } from "../support/hub-process.ts";
import { waitFor } from "../support/wait.ts";
import { checkEverything, logOf } from "./support/checks.ts";
import { Load } from "./support/load.ts";
import type { Person } from "./support/person.ts";
import { useGround } from "./support/ground.ts";
import { startWorld } from "./support/world.ts";

const drainSeconds = 10;
const guests = 58;

const ground = useGround();

describe.each<[Runtime, Runtime]>([
  ["node", "node"],
  ["node", "deno"],
])("on %s and %s", (...runtimes) => {
  test("a node that is asked to stop while a full room speaks loses no event, and all of its people move in time", async ({
    task,
  }) => {
    const env = { DRAIN_SECONDS: String(drainSeconds) };
    const world = await startWorld(task.meta, { runtimes, ground, env });
    const load = await Load.start(world, { rooms: 1, guests, paceMs: 3_000 });
    const moving = load.servedBy(world.node(1).url);
    world.expect(moving.length >= guests / 2, `only ${moving.length} people are on the node that stops`);

    const askedAt = performance.now();
    const code = await world.end(1, "SIGTERM");
    world.observe("gone after", performance.now() - askedAt, drainSeconds * 1000 + 1_000);
    world.expect(code === 0, `the node ended with ${code}`);
    const isBack = ({ joins }: Person): boolean => joins.some((at) => at > askedAt);
    await waitFor(() => moving.every(isBack), { what: "everybody to be back" }).catch(() => {});
    const backAt = moving.map(({ joins }) => joins.find((at) => at > askedAt) ?? Number.POSITIVE_INFINITY);
    world.observe("last one back on the other node", Math.max(...backAt) - askedAt, drainSeconds * 1000);
    const awayMs = moving.map(({ joins, losses }) => {
      const from = losses.find((at) => at > askedAt) ?? Number.POSITIVE_INFINITY;
      return (joins.find((at) => at > from) ?? Number.POSITIVE_INFINITY) - from;
    });
    world.observe("longest time away", Math.max(...awayMs), 3_000);
    world.observe("moved", `${moving.length} of ${load.everybody().length}`);
    const untold = moving.filter(({ drains }) => drains.length !== 1).length;
    world.expect(untold === 0, `${untold} people were not told once that the hub drains`);
    const unexplained = moving.filter(
      ({ closings }) => closings.length !== 1 || closings[0]?.code !== "draining" || !closings[0].reconnect,
    ).length;
    world.expect(
      unexplained === 0,
      `${unexplained} connections were closed without "draining" as the reason`,
    );

    await load.stop();
    await checkEverything(world, load);
    const standing = new Set(load.everybody().map(({ participantId }) => participantId));
    for (const { sessionId } of load.rooms) {
      const left = (await logOf(world, sessionId)).filter(
        ({ type, data }) =>
          type === "participant:left" && standing.has((data as { participantId: string }).participantId),
      );
      world.expect(left.length === 0, `${left.length} people left because their node stopped`);
    }
    world.conclude();
  });
});
