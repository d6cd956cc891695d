import { setTimeout as delay } from "node:timers/promises";
import { inject, test } from "vitest";
import { randomOf } from "../support/random.ts";
import { losePublished } from "../support/resp.ts";
import { createTcpProxy } from "../support/tcp-proxy.ts";
import { checkEverything, logOf, untilPresenceIsRight } from "./support/checks.ts";
import { useGround } from "./support/ground.ts";
import { Load } from "./support/load.ts";
import { startWorld } from "./support/world.ts";

const outageMs = 6_000;
/** Leases last five seconds. */
const hangMs = 8_000;
const presenceMs = 10_000;

const ground = useGround();

const lost = (data: unknown): boolean => (data as { reason?: string }).reason === "lost";

test("Redis is killed and comes back empty: all goes on, nobody leaves by it, and presence is right within 10 s", async ({
  task,
}) => {
  const world = await startWorld(task.meta, {
    runtimes: ["node", "node", "deno"],
    ground,
  });
  const load = await Load.start(world);

  const standing = load.everybody();
  const spare = await load.begin();

  const killedAt = performance.now();
  await ground.killRedis();
  await load.end(spare);
  // Somebody new on each node, who is let in.
  const newcomers = await Promise.allSettled(
    [0, 1, 2].map((node) => {
      const room = load.rooms[node] ?? load.rooms[0];
      if (!room) throw new Error("there is no room");
      return load.join(room, { name: "newcomer", node, timeoutMs: outageMs - 1_000 });
    }),
  );
  const refused = newcomers.filter(({ status }) => status === "rejected").length;
  world.expect(refused === 0, `${refused} of 3 who came during the outage were not let in`);
  await delay(Math.max(0, killedAt + outageMs - performance.now()));
  const backFrom = performance.now();
  await ground.restartRedis();
  const backAt = performance.now();
  await untilPresenceIsRight(world, load, presenceMs);
  world.observe("presence right again after", performance.now() - backAt, presenceMs);

  const bookings = load.bookers.answersBetween(killedAt + 500, backFrom);
  world.expect(bookings > 20, `only ${bookings} bookings were answered during the outage`);
  world.observe("bookings: longest silence", load.bookers.longestSilenceMs(killedAt, backFrom), 4_000);
  const said = standing.map(({ latencies }) => latencies.filter(({ at }) => at > killedAt && at < backFrom));
  world.expect(
    said.every((heard) => heard.length > 5),
    "somebody heard next to nothing during the outage",
  );
  world.observe("slowest message meanwhile", Math.max(...said.flat().map(({ ms }) => ms)), 5_000);
  const ended = load.ended.filter(({ at }) => at > killedAt && at < backFrom).length;
  world.expect(ended > 0, "no session could be ended during the outage");
  world.observe("sessions ended meanwhile", `${ended}`);
  await load.stop();
  await checkEverything(world, load);
  for (const { sessionId } of load.rooms) {
    const left = (await logOf(world, sessionId)).filter(
      ({ type, data }) => type === "participant:left" && lost(data),
    );
    world.expect(left.length === 0, `${left.length} people were taken for gone because of the outage`);
  }
  world.conclude();
});

test("Redis hangs for longer than the leases last, and forgets nothing: nobody is taken for gone", async ({
  task,
}) => {
  const proxy = await createTcpProxy(ground.redisUrl);
  try {
    const redisUrl = `redis://127.0.0.1:${proxy.port}`;
    const world = await startWorld(task.meta, { runtimes: ["node", "node", "deno"], ground, redisUrl });
    const load = await Load.start(world);
    proxy.stall();
    await delay(hangMs);
    proxy.resume();
    await untilPresenceIsRight(world, load, presenceMs);
    await load.stop();
    await checkEverything(world, load);
    for (const { sessionId } of load.rooms) {
      const left = (await logOf(world, sessionId)).filter(
        ({ type, data }) => type === "participant:left" && lost(data),
      );
      world.expect(left.length === 0, `${left.length} people were taken for gone`);
    }
    world.conclude();
  } finally {
    await proxy.close();
  }
});

test("of what is published three in ten are lost: nobody misses an event, and nobody is a ghost", async ({
  task,
}) => {
  let drops = 0;
  const random = randomOf(inject("faultsSeed"));
  const proxy = await createTcpProxy(
    ground.redisUrl,
    losePublished({ probability: 0.3, random, onDrop: () => (drops += 1) }),
  );
  try {
    const redisUrl = `redis://127.0.0.1:${proxy.port}`;
    const world = await startWorld(task.meta, { runtimes: ["node", "node", "deno"], ground, redisUrl });
    const load = await Load.start(world);
    await delay(10_000);
    await load.stop();
    world.observe("published messages lost", `${drops}`);
    world.expect(drops > 20, `only ${drops} messages were lost`);
    // By the comparison with the log, every few seconds.
    const slowest = load.everybody().flatMap(({ latencies }) => latencies.map(({ ms }) => ms));
    world.observe("slowest message", Math.max(...slowest), 6_000);
    await checkEverything(world, load, { passingLost: true });
    world.conclude();
  } finally {
    await proxy.close();
  }
});
