import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Runtime } from "../support/hub-process.ts";
import { type TestRedis, startRedis } from "../support/redis.ts";
import { checkEverything } from "./support/checks.ts";
import { Load } from "./support/load.ts";
import { watchLosses } from "./support/losses.ts";
import { type FaultyPostgres, startFaultyPostgres } from "./support/postgres.ts";
import { startWorld } from "./support/world.ts";

/** Longer than the lease and the grace, and than a client waits for a ping. */
const freezeMs = 20_000;

let postgres: FaultyPostgres;
let redis: TestRedis;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startFaultyPostgres(), startRedis({ own: true })]);
});

afterAll(async () => {
  await Promise.all([postgres.close(), redis.stop()]);
});

describe.each<[Runtime, Runtime]>([
  ["node", "node"],
  ["node", "deno"],
])("on %s and %s", (...runtimes) => {
  test("a node that was frozen for 20 s and wakes has no ghosts: who left stays away, who moved is there once", async ({
    task,
  }) => {
    const world = await startWorld(task.meta, { runtimes, postgres, redisUrl: redis.url });
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
    try {
      for (const { person } of gone) person.vanish();
      for (const { person } of [...movers, ...leavers]) person.moveOn();
      await Promise.all(leavers.map(({ person }) => person.leave()));
      await watchLosses(world, { gone, since: frozenAt });
      await delay(frozenAt + freezeMs - performance.now());
    } finally {
      process.kill(world.node(1).hub.pid, "SIGCONT");
    }
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
