import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { describe, test } from "vitest";
import type { Runtime } from "../support/hub-process.ts";
import { createTcpProxy } from "../support/tcp-proxy.ts";
import { waitFor } from "../support/wait.ts";
import { checkEverything } from "./support/checks.ts";
import { Load, type StandingRoom } from "./support/load.ts";
import { useGround } from "./support/ground.ts";
import { RawSocket } from "./support/raw-socket.ts";
import { type World, startWorld } from "./support/world.ts";

/** pingInterval and pingTimeout of the protocol, and what measuring may add. */
const silenceMs = 15_000 + 1_000;
const windowMs = 4_000;
const floodMs = 15_000;
/** 1 MiB of ours and what the system keeps on the way are filled by then. */
const sleepMs = 30_000;
/** So that a p99 of next to nothing may move by a hiccup of the machine. */
const toleratedMs = 20;

const ground = useGround();

/** One room full of people who speak, and the means to put somebody worse among them. */
class Stage {
  readonly world: World;
  readonly load: Load;
  readonly room: StandingRoom;
  readonly #usual: number[] = [];
  readonly #during = new Map<string, number>();

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
    this.#usual.push(this.#p99(from));
  }

  /**
   * Runs what is wrong, for long enough to measure the others meanwhile. What is wrong slows them every time, the
   * rest of the machine only now and then: so a figure that is too high is taken again, `tries` times in all.
   */
  async during(what: string, work: () => Promise<void>, tries = 3): Promise<void> {
    let lowest = Number.POSITIVE_INFINITY;
    for (let run = 0; run < tries && !this.#isUsual(lowest); run++) {
      if (run > 0) await this.measureUsual();
      const from = performance.now();
      do await work();
      while (performance.now() - from < windowMs);
      lowest = Math.min(lowest, this.#p99(from));
    }
    this.#during.set(what, lowest);
  }

  /** Holds what messages took meanwhile against what they take without, and all else against what is promised. */
  async finish(): Promise<void> {
    this.world.observe("p99 without", this.#usual.map((ms) => `${ms.toFixed(0)} ms`).join(", "));
    for (const [what, ms] of this.#during) {
      this.world.observe(`p99 during ${what}`, `${ms.toFixed(0)} ms`);
      this.world.expect(
        this.#isUsual(ms),
        `${what}: the others' p99 is ${ms.toFixed(0)} ms, and ${Math.max(...this.#usual).toFixed(0)} ms without`,
      );
    }
    await this.load.stop();
    await checkEverything(this.world, this.load);
    this.world.conclude();
  }

  #isUsual(ms: number): boolean {
    const usualMs = Math.max(...this.#usual);
    return ms <= Math.max(2 * usualMs, usualMs + toleratedMs);
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

const pairs: readonly [Runtime, Runtime][] = [
  ["node", "node"],
  ["node", "deno"],
];

describe.each(pairs)("on %s and %s", (...runtimes) => {
  test("malformed, oversized and too many: each is closed with its code, and the others notice nothing", async ({
    task,
  }) => {
    const stage = await openStage(task.meta, runtimes);
    await stage.measureUsual();
    await stage.during("malformed", () => mumble(stage));
    await stage.during("oversized", () => shout(stage));
    await stage.during("flood", () => flood(stage));
    await stage.finish();
  });

  test("a reader who stops reading is closed, holds up nobody, and does not fill the memory", async ({
    task,
  }) => {
    const stage = await openStage(task.meta, runtimes);
    let shouting = true;
    // Each well within the limits of a connection; together 12 KiB some forty times a second.
    const shouters = stage.room.people.slice(0, 5).map(async (person) => {
      while (shouting) {
        await person.say("€".repeat(3_900));
        await delay(110);
      }
    });
    try {
      await delay(1_000);
      await stage.measureUsual();
      await stage.during("slow reader", () => fallAsleep(stage), 2);
      await stage.measureUsual();
    } finally {
      shouting = false;
      await Promise.all(shouters);
    }
    await stage.finish();
  });
});

test("who does not answer pings, and who went without a word, is noticed within 15 s", async ({ task }) => {
  const stage = await openStage(task.meta, ["node", "node"]);
  const { world, room } = stage;
  const proxy = await createTcpProxy(world.node(1).url);
  try {
    await stage.measureUsual();
    const urls = [proxy.url];
    const halfOpen = await (await world.person(room, { name: "gone under", urls })).enter();
    const mute = await stage.intruder("mute", false);
    const joinedAt = performance.now();
    await stage.during("silence", async () => {
      const silentAt = performance.now();
      proxy.stall();
      halfOpen.stayAway();
      const told = () => room.coach.toldOfLoss(halfOpen.participantId, silentAt);
      const noticed = waitFor(told, { timeoutMs: silenceMs + 5_000, what: "the loss to be noticed" });
      const noticedAt = await noticed.catch(() => Number.POSITIVE_INFINITY);
      world.observe("half-open: noticed after", noticedAt - silentAt, silenceMs);
      world.expect(await mute.closed(silenceMs), "no pong: the connection stays open");
      world.observe(
        "no pong: closed after",
        (mute.closedAt ?? Number.POSITIVE_INFINITY) - joinedAt,
        silenceMs,
      );
    });
    halfOpen.vanish();
    mute.destroy();
    await stage.finish();
  } finally {
    await proxy.close();
  }
});

const openStage = async (
  meta: { observed?: Record<string, string> },
  runtimes: readonly Runtime[],
): Promise<Stage> => Stage.open(await startWorld(meta, { runtimes, ground }));

/** Sends what is none of the protocol, each kind on a connection of its own. */
const mumble = async (stage: Stage): Promise<void> => {
  for (const { what, told, send } of malformed) {
    const raw = await stage.intruder("mumbler");
    send(raw);
    stage.world.expect(await raw.closed(3_000), `${what}: the connection stays open`);
    const code = raw.closing?.code ?? "nothing";
    stage.world.expect(!told || code === "malformed", `${what}: told ${code} on closing, not malformed`);
    raw.destroy();
  }
  const honest = await stage.intruder("stammerer");
  const { error } = await honest.ask("message:send", 5);
  const code = error?.code ?? "ok";
  stage.world.expect(
    code === "invalid_request",
    `an event with a number for a payload is answered with ${code}`,
  );
  stage.world.expect(honest.closedAt === null, "an event that is refused closes its connection");
  honest.destroy();
};

/** Sends one message that is larger than any may be. */
const shout = async (stage: Stage): Promise<void> => {
  const raw = await stage.intruder("shouter");
  raw.emit("message:send", { text: "x".repeat(17 * 1024) });
  await raw.closed(3_000);
  stage.world.observe("oversized: closed with", `${raw.closeCode ?? "nothing"}`);
  stage.world.expect(raw.closeCode === 1009, `oversized: closed with ${raw.closeCode}, not 1009`);
  raw.destroy();
};

/** Sends fifteen times as many messages as it may, until it is closed. */
const flood = async (stage: Stage): Promise<void> => {
  const { world, room } = stage;
  const raw = await stage.intruder("flooder");
  const { sessionId } = room;
  const startedAt = performance.now();
  for (let n = 0; raw.closedAt === null && performance.now() < startedAt + floodMs; n++) {
    for (let each = 0; each < 15; each++)
      raw.emit("message:send", {
        sessionId,
        text: "again",
        clientMessageId: `flood-${startedAt}-${n}-${each}`,
      });
    await delay(50);
  }
  const codes = [...raw.answers.values()].map(({ ok, error }) => (ok ? "ok" : (error?.code ?? "")));
  const count = (code: string) => codes.filter((each) => each === code).length;
  const seconds = ((raw.closedAt ?? performance.now()) - startedAt) / 1000;
  world.observe("flood: closed after", seconds * 1000);
  world.observe("flood: answers", `${count("ok")} ok, ${count("rate_limited")} rate_limited`);
  const allowed = Math.ceil(40 + 20 * (seconds + 1));
  world.expect(count("ok") <= allowed, `flood: ${count("ok")} events were served, where ${allowed} may be`);
  world.expect(count("rate_limited") > 0, "flood: no event was refused with rate_limited");
  world.expect(raw.closedAt !== null, "flood: the connection stays open");
  const closing = raw.closing?.code ?? "nothing";
  world.expect(closing === "rate_limited", `flood: told ${closing} on closing, not rate_limited`);
  raw.destroy();
};

/** Stops reading, and waits until the hub has had enough of it. */
const fallAsleep = async (stage: Stage): Promise<void> => {
  const { world, room } = stage;
  const { hub } = world.node(1);
  const name = `sleeper ${world.random()}`;
  const reader = await stage.intruder(name);
  const participantId = await findByName(world, { room, name });
  const rssBefore = await residentBytes(hub.pid);
  const stoppedAt = performance.now();
  reader.stopReading();
  const told = () => room.coach.toldOfLoss(participantId, stoppedAt);
  const noticed = waitFor(told, { timeoutMs: sleepMs, what: "the reader to be closed" });
  const closedAt = await noticed.catch(() => Number.POSITIVE_INFINITY);
  world.observe("slow reader: closed after", closedAt - stoppedAt, sleepMs);
  const grownMiB = ((await residentBytes(hub.pid)) - rssBefore) / 1024 / 1024;
  world.observe("slow reader: memory grew by", `${grownMiB.toFixed(0)} MiB`);
  world.expect(grownMiB < 128, `a slow reader made the hub grow by ${grownMiB.toFixed(0)} MiB`);
  reader.readAgain();
  await reader.closed(5_000);
  // What was on its way when the hub had enough may be lost with the reason behind it.
  world.observe("slow reader: told", reader.closing?.code ?? "nothing");
  reader.destroy();
};

const findByName = async (
  world: World,
  { room, name }: { room: StandingRoom; name: string },
): Promise<string> => {
  const { data } = await world.rest.get<{ data: { participantId: string; name: string }[] }>(
    `/sessions/${room.sessionId}/participants`,
  );
  const found = data.find((person) => person.name === name);
  if (!found) throw new Error(`${name} is not in the room`);
  return found.participantId;
};

/** What a process has in memory, where the system tells; 0 where it does not. */
const residentBytes = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
};
