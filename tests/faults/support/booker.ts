import { setTimeout as delay } from "node:timers/promises";
import { longestSilenceMs } from "./silence.ts";
import type { World } from "./world.ts";

type Booking = { id: string; coachId: string; startsAt: string; endsAt: string; status: string };

/** How many coaches are booked; few enough that callers are in each other's way. */
const coachCount = 3;
const callerCount = 3;
/** Quarters of an hour in which half-hours may begin. */
const startCount = 1_500;
const paceMs = 40;

/** Callers who book, one slot after another, for as long as they run. */
export class Bookers {
  readonly acknowledged = new Map<string, { coachId: string; startsAt: string }>();
  readonly answeredAt: number[] = [];
  refused = 0;
  readonly #world: World;
  readonly #coaches: readonly string[];
  #running: Promise<unknown> = Promise.resolve();
  #stopped = false;

  private constructor(world: World, coaches: readonly string[]) {
    this.#world = world;
    this.#coaches = coaches;
  }

  static async start(world: World): Promise<Bookers> {
    const make = (path: string, name: string) =>
      world.rest.post<{ id: string }>(path, { name, timeZone: "UTC" }).then(({ id }) => id);
    const coaches = await Promise.all(Array.from({ length: coachCount }, () => make("/coaches", "Bea")));
    const clients = await Promise.all(Array.from({ length: callerCount }, () => make("/clients", "Noah")));
    const bookers = new Bookers(world, coaches);
    bookers.#running = Promise.allSettled(clients.map((client) => bookers.#book(client))).then((ends) => {
      for (const end of ends)
        if (end.status === "rejected") world.flaws.push(`a booker gave up: ${String(end.reason)}`);
    });
    return bookers;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** The longest time without an answer between two moments. */
  longestSilenceMs(from: number, to: number): number {
    return longestSilenceMs(this.answeredAt, from, to);
  }

  answersBetween(from: number, to: number): number {
    return this.answeredAt.filter((at) => at > from && at < to).length;
  }

  /** That the hub has exactly the bookings that it acknowledged, and none over another. */
  async check(): Promise<void> {
    const { rest, flaws } = this.#world;
    const found = new Map<string, Booking>();
    for (const coachId of this.#coaches) {
      const bookings = await rest.list<Booking>(`/bookings?coachId=${coachId}`, "cursor");
      const inOrder = bookings.toSorted((a, b) => Date.parse(a.startsAt) - Date.parse(b.startsAt));
      for (const [index, booking] of inOrder.entries()) {
        found.set(booking.id, booking);
        const before = inOrder[index - 1];
        if (before && Date.parse(before.endsAt) > Date.parse(booking.startsAt))
          flaws.push(`the bookings ${before.id} and ${booking.id} overlap`);
      }
    }
    for (const [id, { coachId, startsAt }] of this.acknowledged) {
      const booking = found.get(id);
      if (!booking) flaws.push(`the booking ${id} was acknowledged and is not there`);
      else if (booking.coachId !== coachId || Date.parse(booking.startsAt) !== Date.parse(startsAt))
        flaws.push(`the booking ${id} is not what was acknowledged`);
    }
    const unasked = [...found.keys()].filter((id) => !this.acknowledged.has(id));
    if (unasked.length > 0) flaws.push(`${unasked.length} bookings are there that nobody was told of`);
    // One by one as well: the list and the reading of one are different statements.
    const [id] = [...this.acknowledged.keys()].slice(-1);
    if (id) await rest.get(`/bookings/${id}`);
    this.#world.expect(this.acknowledged.size > 20, `only ${this.acknowledged.size} bookings were made`);
  }

  async #book(clientId: string): Promise<void> {
    const { rest, random, flaws } = this.#world;
    const firstDay = Date.UTC(2040, 0, 2);
    while (!this.#stopped) {
      const coachId = this.#coaches[Math.floor(random() * this.#coaches.length)] ?? "";
      const startsAt = new Date(firstDay + Math.floor(random() * startCount) * 15 * 60_000).toISOString();
      const body = { coachId, clientId, startsAt, durationMinutes: 30 };
      const answer = await rest.ask("POST", "/bookings", { body });
      this.answeredAt.push(performance.now());
      const made = answer.body["booking"] as Booking | undefined;
      if (made) this.acknowledged.set(made.id, { coachId, startsAt });
      else if (answer.status === 409 || answer.status === 422) this.refused += 1;
      else flaws.push(`a booking was answered with ${answer.status} ${JSON.stringify(answer.body)}`);
      await delay(paceMs);
    }
  }
}
