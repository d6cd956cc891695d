import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "../../support/wait.ts";
import { Bookers } from "./booker.ts";
import type { Person } from "./person.ts";
import type { OpenRoom, World } from "./world.ts";

/** A room and those who are meant to be in it until the end. */
export type StandingRoom = OpenRoom & { people: Person[]; coach: Person; client: Person };

export type LoadOptions = {
  rooms?: number;
  /** Guests in each room, on the nodes in turn. */
  guests?: number;
  /** Each person says something this often. */
  paceMs?: number;
};

/**
 * People in rooms who speak, some of whom come and go, sessions that begin and end, and callers who book: all of it
 * for as long as it runs.
 */
export class Load {
  readonly rooms: StandingRoom[] = [];
  /** Sessions that were ended, with when that was acknowledged. */
  readonly ended: { sessionId: string; at: number }[] = [];
  readonly bookers: Bookers;
  readonly #world: World;
  readonly #running: Promise<void>[] = [];
  readonly #paceMs: number;
  #stopped = false;

  private constructor(world: World, bookers: Bookers, paceMs: number) {
    this.#world = world;
    this.bookers = bookers;
    this.#paceMs = paceMs;
  }

  static async start(world: World, { rooms = 3, guests = 2, paceMs = 600 }: LoadOptions = {}): Promise<Load> {
    const load = new Load(world, await Bookers.start(world), paceMs);
    load.rooms.push(...(await Promise.all(Array.from({ length: rooms }, () => load.#openRoom(guests)))));
    for (const room of load.rooms) load.#run(() => load.#comeAndGo(room));
    load.#run(() => load.#beginAndEnd());
    // Until there is something to be lost.
    await waitFor(
      () =>
        load.rooms.every(({ people }) => people.every(({ posted }) => posted.length > 0)) &&
        load.bookers.acknowledged.size > 5,
      { timeoutMs: 20_000, what: "everybody to be at work" },
    );
    return load;
  }

  everybody(): Person[] {
    return this.rooms.flatMap(({ people }) => people);
  }

  /** Those whom a node serves at this moment. */
  servedBy(url: string): Person[] {
    return this.everybody().filter((person) => person.inRoom && person.url === url);
  }

  /** Somebody new in a standing room, who speaks as the others do. */
  async join(
    room: StandingRoom,
    options: { name: string; node?: number; timeoutMs?: number },
  ): Promise<Person> {
    const person = await this.#world.person(room, options);
    // Meant to be there from here on, whether they are let in at once or not.
    room.people.push(person);
    await person.enter(options.timeoutMs);
    this.#run(() => this.#speak(person));
    return person;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#running, this.bookers.stop()]);
  }

  #run(work: () => Promise<void>): void {
    this.#running.push(
      work().catch((error: unknown) => {
        this.#world.flaws.push(`the load broke off: ${String(error)}`);
      }),
    );
  }

  async #openRoom(guests: number): Promise<StandingRoom> {
    const world = this.#world;
    const nodes = world.nodes.length;
    const opened = await world.openRoom();
    const coach = await world.person(opened, { name: "coach", as: "coach", node: 0 });
    const client = await world.person(opened, { name: "client", as: "client", node: 1 % nodes });
    const others = await Promise.all(
      Array.from({ length: guests }, (_, n) => world.person(opened, { name: `guest ${n}`, node: n % nodes })),
    );
    const people = [coach, client, ...others];
    await Promise.all(people.map((person) => person.enter()));
    for (const person of people) this.#run(() => this.#speak(person));
    return { ...opened, people, coach, client };
  }

  async #speak(person: Person): Promise<void> {
    while (!this.#stopped && person.wanted) {
      await delay(this.#paceMs * (0.5 + this.#world.random()));
      if (!this.#stopped && person.wanted) await person.say();
    }
  }

  /** The same guest, again and again, on the next node each time. */
  async #comeAndGo(room: StandingRoom): Promise<void> {
    const world = this.#world;
    const { ticket } = await world.rest.post<{ ticket: string }>(`/sessions/${room.sessionId}/join`, {
      role: "guest",
      name: "passer-by",
    });
    for (let visit = 0; !this.#stopped; visit++) {
      const { sessionId } = room;
      const person = world.personWith(ticket, {
        sessionId,
        name: "passer-by",
        node: visit % world.nodes.length,
      });
      await person.enter(60_000);
      await person.say();
      await person.leave();
      await delay(300);
    }
  }

  /** Sessions that live for a few events. */
  async #beginAndEnd(): Promise<void> {
    for (let round = 0; !this.#stopped; round++) {
      await this.end(await this.begin(round));
      await delay(300);
    }
  }

  /** A session in progress, with coach and client on different nodes, who both have said something. */
  async begin(round = 0): Promise<Person> {
    const world = this.#world;
    const room = await world.openRoom();
    const [here, there] = [round % world.nodes.length, (round + 1) % world.nodes.length];
    const coach = await world.person(room, { name: "coach (short)", as: "coach", node: here });
    const client = await world.person(room, { name: "client (short)", as: "client", node: there });
    await Promise.all([coach.enter(60_000), client.enter(60_000)]);
    await Promise.all([coach.say(), client.say()]);
    return coach;
  }

  /** The coach ends it. */
  async end(coach: Person): Promise<void> {
    const { sessionId } = coach;
    const answer = await coach.ask("session:end", { sessionId }, { timeoutMs: 60_000 });
    // Of an end whose answer was lost the event tells, and the second try that there is nothing to end.
    const refusal = answer && !answer.ok ? answer.error.code : null;
    this.#world.expect(
      refusal === null || refusal === "invalid_state",
      `a session could not be ended: ${refusal}`,
    );
    this.ended.push({ sessionId, at: performance.now() });
  }
}
