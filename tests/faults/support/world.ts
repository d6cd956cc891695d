import { inject, onTestFinished } from "vitest";
import { type HubProcess, type Runtime, freePort, startHubProcess } from "../../support/hub-process.ts";
import { randomOf } from "../../support/random.ts";
import type { Ground } from "./ground.ts";
import { Person } from "./person.ts";
import { Rest } from "./rest.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** What every chance of the run comes from. */
    faultsSeed: number;
  }
  export interface TaskMeta {
    /** What was observed, for the table at the end of the run. */
    observed?: Record<string, string>;
  }
}

const graceSeconds = 3;
/** A node that is silent this long is taken for dead, by the contract; and what measuring may add. */
export const noticedMs = 6_000 + 500;
export const leftMs = noticedMs + graceSeconds * 1_000 + 1_000;

export type WorldOptions = {
  runtimes: readonly Runtime[];
  ground: Ground;
  /** Another way to the ground's Redis. */
  redisUrl?: string;
  env?: Record<string, string>;
  /** More of the environment for one of the nodes. */
  envOf?: (node: number) => Record<string, string>;
};

type Node = { url: string; runtime: Runtime; env: Record<string, string>; hub: HubProcess; killed: boolean };

/** A room that is open, and tickets for it. */
export type OpenRoom = { sessionId: string; coachId: string; clientId: string };

/** A hub of several nodes, everybody who uses it, and what was found wrong with it. */
export class World {
  readonly seed = inject("faultsSeed");
  readonly random = randomOf(this.seed);
  readonly rest: Rest;
  readonly people: Person[] = [];
  readonly flaws: string[] = [];
  readonly nodes: Node[];
  /** True where what is wrong may put requests off for a while: otherwise nobody is told 503. */
  mayPutOff = false;
  #closed = false;
  readonly #outputs: (() => string)[] = [];
  readonly #meta: { observed?: Record<string, string> };

  constructor(nodes: Node[], meta: { observed?: Record<string, string> }) {
    this.nodes = nodes;
    this.#meta = meta;
    this.rest = new Rest({ urls: this.urls(), key: adminKey, random: this.random });
    for (const { hub } of nodes) this.#outputs.push(hub.output);
  }

  urls(): string[] {
    return this.nodes.map(({ url }) => url);
  }

  /** The addresses of the nodes that have not been killed. */
  liveUrls(): string[] {
    return this.nodes.filter(({ killed }) => !killed).map(({ url }) => url);
  }

  node(index: number): Node {
    const node = this.nodes[index];
    if (!node) throw new Error(`there is no node ${index}`);
    return node;
  }

  /** Ends a node for good. Returns its exit code, null where a signal killed it. */
  async end(index: number, signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    const node = this.node(index);
    node.killed = true;
    return node.hub.stop(signal);
  }

  /** Starts a node again where it was. */
  async restart(index: number): Promise<void> {
    const node = this.node(index);
    node.hub = await startHubProcess(node.env, node.runtime);
    node.killed = false;
    this.#outputs.push(node.hub.output);
  }

  /** Somebody for a room, who is served by `node` at first. */
  async person(
    { sessionId }: { sessionId: string },
    {
      name,
      as,
      node = 0,
      urls,
    }: { name: string; as?: "coach" | "client"; node?: number; urls?: readonly string[] },
  ): Promise<Person> {
    const body = as ? { as } : { role: "guest", name };
    const { ticket } = await this.rest.post<{ ticket: string }>(`/sessions/${sessionId}/join`, body);
    return this.personWith(ticket, { sessionId, name, node, ...(urls ? { urls } : {}) });
  }

  /** Somebody with a ticket that they have: another device, or the same one again. */
  personWith(
    ticket: string,
    {
      sessionId,
      name,
      node,
      urls,
    }: { sessionId: string; name: string; node: number; urls?: readonly string[] },
  ): Person {
    if (this.#closed) throw new Error("the test is over");
    const all = this.urls();
    const tried = urls ?? all.map((_, index) => all[(node + index) % all.length] ?? "");
    const person = new Person({ name, ticket, sessionId, urls: tried, random: this.random });
    this.people.push(person);
    return person;
  }

  /** Books a session whose room is open. */
  async openRoom(): Promise<OpenRoom> {
    const { rest } = this;
    const [coach, client] = await Promise.all([
      rest.post<{ id: string }>("/coaches", { name: "Ada", timeZone: "Europe/Berlin" }),
      rest.post<{ id: string }>("/clients", { name: "Maya", timeZone: "Europe/Paris" }),
    ]);
    const startsAt = new Date(Date.now() + 60_000).toISOString();
    const body = { coachId: coach.id, clientId: client.id, startsAt, durationMinutes: 30 };
    const { session } = await rest.post<{ session: { id: string } }>("/bookings", body);
    return { sessionId: session.id, coachId: coach.id, clientId: client.id };
  }

  /** Finds fault where something does not hold. */
  expect(holds: boolean, otherwise: string): void {
    if (!holds) this.flaws.push(otherwise);
  }

  /** A figure for the table; those in milliseconds are shown as seconds. With a limit it is a promise. */
  observe(what: string, value: number | string, limitMs?: number): void {
    const text = typeof value === "number" ? `${(value / 1000).toFixed(2)} s` : value;
    this.#meta.observed = { ...this.#meta.observed, [what]: text };
    if (limitMs !== undefined && typeof value === "number" && !(value <= limitMs))
      this.flaws.push(`${what}: ${text}, where ${(limitMs / 1000).toFixed(1)} s are promised`);
  }

  /** The end of a test. @throws with all that was found wrong, and the seed */
  conclude(): void {
    const putOff = this.rest.unavailable.length;
    this.expect(this.mayPutOff || putOff === 0, `${putOff} requests were answered with 503`);
    const livePutOff = this.people.reduce((sum, person) => sum + person.putOff, 0);
    this.observe("put off (503, unavailable)", `${putOff} requests, ${livePutOff} live`);
    const printed = this.#outputs.flatMap((output) => complaintsOf(output()));
    const all = [...this.flaws, ...this.rest.flaws, ...this.people.flatMap(({ flaws }) => flaws), ...printed];
    const flaws = [...new Set(all)];
    const shown = flaws.length > 25 ? [...flaws.slice(0, 25), `and ${flaws.length - 25} more`] : flaws;
    if (flaws.length > 0) throw new Error([`FAULTS_SEED=${this.seed}`, ...shown].join("\n- "));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.rest.close();
    for (const person of this.people) person.vanish();
    await Promise.all(this.nodes.map(({ hub }) => hub.stop("SIGKILL")));
  }
}

const adminKey = `ck_${"f".repeat(40)}`;

/** Starts the nodes, and ends them after the test, however it ends. */
export const startWorld = async (
  meta: { observed?: Record<string, string> },
  { runtimes, ground, redisUrl = ground.redisUrl, env = {}, envOf = () => ({}) }: WorldOptions,
): Promise<World> => {
  const shared = {
    DATABASE_URL: await ground.postgres.createDatabase(),
    ADMIN_API_KEY: adminKey,
    REDIS_URL: redisUrl,
    REDIS_PREFIX: `faults-${crypto.randomUUID()}`,
    LEAVE_GRACE_SECONDS: String(graceSeconds),
    ...env,
  };
  const started = await Promise.allSettled(
    runtimes.map(async (runtime, index): Promise<Node> => {
      const all = { ...shared, PORT: String(await freePort()), ...envOf(index) };
      const hub = await startHubProcess(all, runtime);
      onTestFinished(async () => {
        await hub.stop("SIGKILL");
      });
      return { url: hub.url, runtime, env: all, hub, killed: false };
    }),
  );
  const nodes = started.map((one) => {
    if (one.status === "rejected") throw one.reason;
    return one.value;
  });
  const world = new World(nodes, meta);
  onTestFinished(() => world.close());
  return world;
};

/** What a hub printed that says it met a fault of its own. */
const complaintsOf = (output: string): string[] =>
  output
    .split("\n")
    .filter((line) => /unhandled|uncaught|"level":"(?:error|fatal)"/i.test(line))
    .map((line) => `a hub printed: ${line.replaceAll(/"time":"[^"]*",?/g, "").slice(0, 400)}`);
