import { test } from "vitest";
import { clockOff } from "../support/faketime.ts";
import { waitFor } from "../support/wait.ts";
import { checkEverything, logOf } from "./support/checks.ts";
import { Load } from "./support/load.ts";
import { useGround } from "./support/ground.ts";
import { type World, startWorld } from "./support/world.ts";

const offSeconds = 120;
const holdSeconds = 6;

const ground = useGround();

test("two nodes whose clocks are 2 minutes ahead: holds last as long as they should, rooms open when they should, and the log goes by one clock", async ({
  task,
}) => {
  const ahead = await clockOff(offSeconds);
  const envOf = (node: number) => (node === 0 ? {} : ahead);
  const world = await startWorld(task.meta, {
    runtimes: ["node", "node", "deno"],
    ground,
    envOf,
  });
  await expectClockOff(world);
  const load = await Load.start(world);
  await Promise.all(world.urls().map((url) => checkHold(world, url)));
  await checkOpening(world);
  await load.stop();
  await checkEverything(world, load);
  for (const { sessionId } of load.rooms) {
    const times = (await logOf(world, sessionId)).map(({ at }) => Date.parse(String(at)));
    const back = times.find((at, index) => at < (times[index - 1] ?? at));
    world.expect(back === undefined, `the log of ${sessionId} goes back in time`);
    const latest = Math.max(...times) - Date.now();
    world.expect(latest < 10_000, `the log of ${sessionId} is ${latest} ms ahead`);
  }
  world.conclude();
});

/** That those nodes are what this is a test of: their answers are dated by their own clocks. */
const expectClockOff = async (world: World): Promise<void> => {
  for (const [index, url] of world.urls().slice(1).entries()) {
    const { headers } = await fetch(`${url}/healthz`);
    const aheadMs = Date.parse(headers.get("date") ?? "") - Date.now();
    world.observe(`clock of node ${index + 1} ahead by`, aheadMs);
    const right = Math.abs(aheadMs - offSeconds * 1000) < 5_000;
    world.expect(right, `the clock of node ${index + 1} is ahead by ${aheadMs} ms`);
  }
};

/** That time which was held on one node cannot be had on any, until the hold is over, and can be had then. */
const checkHold = async (world: World, url: string): Promise<void> => {
  const { rest } = world;
  const node = `node ${world.urls().indexOf(url)}`;
  const [coach, client] = await Promise.all([
    rest.post<{ id: string }>("/coaches", { name: "Cem", timeZone: "UTC" }),
    rest.post<{ id: string }>("/clients", { name: "Ines", timeZone: "UTC" }),
  ]);
  const slot = { coachId: coach.id, startsAt: "2041-01-07T10:00:00Z", durationMinutes: 30 };
  const heldAt = performance.now();
  const body = { ...slot, ttlSeconds: holdSeconds };
  const hold = await rest.ask("POST", "/holds", { body, urls: [url] });
  world.expect(hold.status === 201, `${node}: a hold was answered with ${hold.status}`);
  const book = async (urls: readonly string[]): Promise<number> =>
    (await rest.ask("POST", "/bookings", { body: { ...slot, clientId: client.id }, urls })).status;
  // Until just before the end, on every node.
  await waitFor(
    async () => {
      const statuses = await Promise.all(world.urls().map((each) => book([each])));
      const elapsedMs = performance.now() - heldAt;
      if (elapsedMs > holdSeconds * 1000 - 1_000) return true;
      world.expect(
        statuses.every((status) => status === 409),
        `${node}: held time was sold after ${Math.round(elapsedMs)} ms (${statuses.join()})`,
      );
      return false;
    },
    { timeoutMs: holdSeconds * 1000, what: "the end of the hold to be near" },
  );
  await waitFor(async () => (await book(world.urls())) < 300, {
    timeoutMs: 10_000,
    what: "time that was held to be free again",
  }).catch((error: unknown) => world.flaws.push(`${node}: ${String(error)}`));
  world.observe(`${node}: a hold of ${holdSeconds} s was over after`, performance.now() - heldAt, 8_000);
};

/** That a room which opens in a minute is closed on either node, though two of them believe that it is time. */
const checkOpening = async (world: World): Promise<void> => {
  const { rest } = world;
  const [coach, client] = await Promise.all([
    rest.post<{ id: string }>("/coaches", { name: "Dana", timeZone: "UTC" }),
    rest.post<{ id: string }>("/clients", { name: "Omar", timeZone: "UTC" }),
  ]);
  const startsAt = new Date(Date.now() + 16 * 60_000).toISOString();
  const body = { coachId: coach.id, clientId: client.id, startsAt, durationMinutes: 30 };
  const { session } = await rest.post<{ session: { id: string } }>("/bookings", body);
  for (const [index, url] of world.urls().entries()) {
    const asked = { body: { as: "coach" }, urls: [url] };
    const { status, body } = await rest.ask("POST", `/sessions/${session.id}/join`, asked);
    world.expect(
      body["code"] === "too_early",
      `node ${index}: a room that opens in a minute answers ${status} ${String(body["code"])}`,
    );
  }
};
