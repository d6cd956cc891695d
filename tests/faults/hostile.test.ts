import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Runtime } from "../support/hub-process.ts";
import { type TestRedis, startRedis } from "../support/redis.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { waitFor } from "../support/wait.ts";
import { checkEverything } from "./support/checks.ts";
import { Load, type StandingRoom } from "./support/load.ts";
import { type FaultyPostgres, startFaultyPostgres } from "./support/postgres.ts";
import { RawSocket } from "./support/raw-socket.ts";
import { type World, startWorld } from "./support/world.ts";

/** pingInterval and pingTimeout of the protocol, and what measuring may add. */
const silenceMs = 15_000 + 1_000;
const windowMs = 5_000;
/** So that a p99 of next to nothing may move by a hiccup of the machine. */
const toleratedMs = 20;

let postgres: FaultyPostgres;
let redis: TestRedis;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startFaultyPostgres(), startRedis({ own: true })]);
});

afterAll(async () => {
  await Promise.all([postgres.close(), redis.stop()]);
});

/** One room full of people who speak, and the means to put somebody worse among them. */
class Stage {
  readonly world: World;
  readonly load: Load;
  readonly room: StandingRoom;
  #usualMs = 0;

  private constructor(world: World, load: Load, room: StandingRoom) {
    this.world = world;
    this.load = load;
    this.room = room;
  }

  static async open(world: World): Promise<Stage> {
    const load = await Load.start(world, { rooms: 1, guests: 6, paceMs: 300 });
    const [room] = load.rooms;
    if (!room) throw new Error("the load has a room");
    return new Stage(world, load, room);
  }

  async ticket(name: string): Promise<string> {
    const path = `/sessions/${this.room.sessionId}/join`;
    return (await this.world.rest.post<{ ticket: string }>(path, { role: "guest", name })).ticket;
  }

  /** Somebody on the second node who keeps to no rule. */
  async intruder(name: string, answersPings = true): Promise<RawSocket> {
    const { sessionId } = this.room;
    const { url } = this.world.node(1);
    return RawSocket.join({ url, ticket: await this.ticket(name), sessionId, answersPings });
  }

  /** How long messages take while nothing is wrong. */
  async measureUsual(): Promise<void> {
    const from = performance.now();
    await delay(windowMs);
    this.#usualMs = this.#p99(from);
    this.world.observe("p99 before", `${this.#usualMs.toFixed(1)} ms`);
  }

  /** Holds what messages have taken since a moment against what is usual. */
  compare(what: string, from: number): void {
    const ms = this.#p99(from);
    this.world.observe(`p99 during ${what}`, `${ms.toFixed(1)} ms`);
    const limit = Math.max(2 * this.#usualMs, this.#usualMs + toleratedMs);
    this.world.expect(
      ms <= limit,
      `${what}: the others' p99 is ${ms.toFixed(1)} ms, and ${this.#usualMs.toFixed(1)} ms without`,
    );
  }

  async finish(): Promise<void> {
    await this.load.stop();
    await checkEverything(this.world, this.load);
    this.world.conclude();
  }

  #p99(from: number): number {
    const all = this.load.everybody().flatMap(({ latencies }) => latencies.filter(({ at }) => at > from));
    const inOrder = all.map(({ ms }) => ms).toSorted((a, b) => a - b);
    return inOrder[Math.floor(inOrder.length * 0.99)] ?? Number.POSITIVE_INFINITY;
  }
}

/** What no client would send, and whether the hub can still say why it closes. */
const malformed: readonly { what: string; told: boolean; send: (raw: RawSocket) => void }[] = [
  { what: "an event that is no JSON", told: true, send: (raw) => raw.send('42/live,["message:send",{') },
  { what: "a packet of no known type", told: true, send: (raw) => raw.send("49/live,[]") },
  { what: "an attachment of nothing", told: true, send: (raw) => raw.sendBinary(Buffer.from([0, 255, 7])) },
  { what: "no packet of the transport", told: false, send: (raw) => raw.send("x") },
];

describe.each<[Runtime, Runtime]>([
  ["node", "node"],
  ["node", "deno"],
])("on %s and %s", (...runtimes) => {
  const openStage = async (meta: { observed?: Record<string, string> }): Promise<Stage> =>
    Stage.open(await startWorld(meta, { runtimes, postgres, redisUrl: redis.url }));

  test("malformed, oversized and too many: each is closed with its code, and the others notice nothing", async ({
    task,
  }) => {
    const stage = await openStage(task.meta);
    const { world, room } = stage;
    await stage.measureUsual();

    const malformedAt = performance.now();
    for (const { what, told, send } of malformed) {
      const raw = await stage.intruder("mumbler");
      send(raw);
      const closed = await raw.closed(3_000);
      world.expect(closed, `${what}: the connection stays open`);
      const code = raw.closing?.code ?? "nothing";
      world.expect(!told || code === "malformed", `${what}: told ${code} on closing, not malformed`);
      raw.destroy();
    }
    const honest = await stage.intruder("stammerer");
    const answer = await honest.ask("message:send", 5);
    const { code } = answer.error ?? { code: "ok" };
    world.expect(code === "invalid_request", `an event without a payload is answered with ${code}`);
    stage.compare("malformed", malformedAt);

    const oversizedAt = performance.now();
    honest.emit("message:send", { text: "x".repeat(17 * 1024) });
    await honest.closed(3_000);
    world.observe("oversized: closed with", `${honest.closeCode ?? "nothing"}`);
    world.expect(honest.closeCode === 1009, `oversized: closed with ${honest.closeCode}, not 1009`);
    honest.destroy();
    stage.compare("oversized", oversizedAt);

    const floodAt = performance.now();
    const flooder = await stage.intruder("flooder");
    for (let n = 0; flooder.closedAt === null && performance.now() < floodAt + 15_000; n++) {
      const { sessionId } = room;
      for (let each = 0; each < 15; each++) {
        flooder.emit("message:send", { sessionId, text: "again", clientMessageId: `flood-${n}-${each}` });
      }
      await delay(50);
    }
    const codes = [...flooder.answers.values()].map(({ ok, error }) => (ok ? "ok" : (error?.code ?? "")));
    const count = (code: string) => codes.filter((each) => each === code).length;
    world.observe("flood: answers", `${count("ok")} ok, ${count("rate_limited")} rate_limited`);
    const seconds = ((flooder.closedAt ?? performance.now()) - floodAt) / 1000;
    const allowed = 40 + 20 * (seconds + 1);
    world.expect(count("ok") <= allowed, `flood: ${count("ok")} events were served, where ${allowed} may be`);
    world.expect(count("rate_limited") > 0, "flood: no event was refused with rate_limited");
    world.expect(flooder.closedAt !== null, "flood: the connection stays open");
    const closing = flooder.closing?.code ?? "nothing";
    world.expect(closing === "rate_limited", `flood: told ${closing} on closing, not rate_limited`);
    world.observe("flood: closed after", seconds * 1000);
    stage.compare("flood", floodAt);
    flooder.destroy();
    await stage.finish();
  });

  test("who does not answer pings, and who went without a word, is noticed within 15 s", async ({ task }) => {
    const stage = await openStage(task.meta);
    const { world, room } = stage;
    const proxy = await startTcpProxy(Number(new URL(world.node(1).url).port));
    try {
      await stage.measureUsual();
      const options = { name: "gone under", urls: [`http://127.0.0.1:${proxy.port}`] };
      const halfOpen = await (await world.person(room, options)).enter();
      room.people.push(halfOpen);
      const mute = await stage.intruder("mute", false);
      const joinedAt = performance.now();
      await waitFor(() => halfOpen.cursor === room.coach.cursor, { what: "all to be told of both" });
      const silentAt = performance.now();
      proxy.stall();
      halfOpen.stayAway();
      const told = () => room.coach.toldOfLoss(halfOpen.participantId, silentAt);
      const noticed = waitFor(told, { timeoutMs: silenceMs + 5_000, what: "the loss to be noticed" });
      const noticedAt = await noticed.catch(() => Number.POSITIVE_INFINITY);
      world.observe("half-open: noticed after", noticedAt - silentAt, silenceMs);
      world.expect(await mute.closed(silenceMs), "no pong: the connection stays open");
      world.observe("no pong: closed after", (mute.closedAt ?? 0) - joinedAt, silenceMs);
      stage.compare("silence", silentAt);
      halfOpen.vanish();
      mute.destroy();
      await stage.finish();
    } finally {
      await proxy.close();
    }
  });

  test("a reader who stops reading is closed, holds up nobody, and does not fill the memory", async ({
    task,
  }) => {
    const stage = await openStage(task.meta);
    const { world, room, load } = stage;
    const { url, hub } = world.node(1);
    const reader = await stage.intruder("sleeper");
    const name = "sleeper";
    let shouting = true;
    // Each well within the limits of a connection; together 12 KiB some forty times a second.
    const shouters = room.people.slice(0, 5).map(async (person) => {
      while (shouting) {
        await person.say("€".repeat(3_900));
        await delay(110);
      }
    });
    try {
      await delay(1_000);
      await stage.measureUsual();
      const [participantId = ""] = await sleepers(world, { room, name });
      const rssBefore = await residentBytes(hub.pid);
      const stoppedAt = performance.now();
      reader.stopReading();
      const told = () => room.coach.toldOfLoss(participantId, stoppedAt);
      const noticed = waitFor(told, { timeoutMs: 30_000, what: "the reader to be closed" });
      const closedAt = await noticed.catch(() => Number.POSITIVE_INFINITY);
      world.observe("slow reader: closed after", closedAt - stoppedAt, 30_000);
      const grown = ((await residentBytes(hub.pid)) - rssBefore) / 1024 / 1024;
      world.observe("slow reader: memory grew by", `${grown.toFixed(0)} MiB`);
      world.expect(grown < 128, `a slow reader made the hub grow by ${grown.toFixed(0)} MiB`);
      stage.compare("slow reader", stoppedAt);
      reader.readAgain();
      await reader.closed(5_000);
      world.observe("slow reader: told", reader.closing?.code ?? "nothing");
    } finally {
      shouting = false;
      reader.destroy();
    }
    await Promise.all(shouters);
    world.expect(load.servedBy(url).length > 0, "nobody else is on the node of the slow reader");
    await stage.finish();
  });
});

/** The ids of those who are in a room under a name. */
const sleepers = async (
  world: World,
  { room, name }: { room: StandingRoom; name: string },
): Promise<string[]> => {
  const { data } = await world.rest.get<{ data: { participantId: string; name: string }[] }>(
    `/sessions/${room.sessionId}/participants`,
  );
  return data.filter((person) => person.name === name).map(({ participantId }) => participantId);
};

/** What a process has in memory, where the system tells; 0 where it does not. */
const residentBytes = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
};
