import { setTimeout as delay } from "node:timers/promises";
import { type Dialect, type DialectName, dialects } from "./dialect.ts";
import { Member, type Seat } from "./member.ts";
import { percentile } from "../statistics.ts";

/** How long it took people to connect and join, and how many did so a second. */
export type Entry = { perSecond: number; p50Ms: number; p99Ms: number };

/** What a stretch of messages came to. */
export type Talk = {
  sent: number;
  /** Deliveries within the stretch, a second. */
  deliveredPerSecond: number;
  /** Of every delivery, from when its message was meant to be sent. */
  p50Ms: number;
  p99Ms: number;
  /** Processor time of this process. */
  cpuMs: number;
};

/** A message on its way: who of the room has it, one bit each. */
type Flight = { room: Room; seen: number; acked: boolean };
type Room = { members: Member[]; everybody: number; sent: number };

/** Of a rate that is kept up, everything must have arrived this long after its end. */
const drainMs = 15_000;

/**
 * Everybody who is connected to one server. Each message must be acknowledged and come to each member of its room once,
 * numbered events without a gap; whatever else happens fails the stretch under way.
 */
export class Crowd {
  readonly #dialect: Dialect;
  readonly #rooms = new Map<string, Room>();
  readonly #flights = new Map<number, Flight>();
  readonly #failed = Promise.withResolvers<never>();
  #messages = 0;
  #delivered = 0;
  #latenciesMs: number[] = [];
  /** What follows on a message that is complete. */
  #onComplete: (room: Room) => void = () => {};

  constructor(dialect: DialectName) {
    this.#dialect = dialects[dialect];
    this.#failed.promise.catch(() => {});
  }

  /** Brings people into their rooms, at most so many at once, and leaves them there. */
  async enter(seats: readonly Seat[], atOnce: number): Promise<Entry> {
    const took: number[] = [];
    const waiting = seats[Symbol.iterator]();
    const startedAt = performance.now();
    const door = async (): Promise<void> => {
      for (const seat of waiting) {
        const beganAt = performance.now();
        await this.#seat(seat).joined();
        took.push(performance.now() - beganAt);
      }
    };
    await Promise.race([this.#failed.promise, Promise.all(Array.from({ length: atOnce }, door))]);
    const seconds = (performance.now() - startedAt) / 1000;
    took.sort((a, b) => a - b);
    return { perSecond: seats.length / seconds, p50Ms: percentile(took, 0.5), p99Ms: percentile(took, 0.99) };
  }

  /** Keeps so many messages on their way in each room, its members taking turns: finds how much a server can do. */
  closedLoop(outstanding: number, ms: number): Promise<Talk> {
    return this.#talk(ms, async (startedAt) => {
      const again = (room: Room): void => {
        if (performance.now() - startedAt < ms) this.#send(room, performance.now());
      };
      this.#onComplete = again;
      for (const room of this.#rooms.values()) for (let n = 0; n < outstanding; n++) again(room);
      await delay(ms);
    });
  }

  /** Sends messages at a steady rate, room after room, whether earlier ones have arrived or not. */
  pacedLoop(perSecond: number, ms: number): Promise<Talk> {
    return this.#talk(ms, async (startedAt) => {
      const rooms = [...this.#rooms.values()];
      const total = Math.floor((perSecond * ms) / 1000);
      for (let sent = 0; sent < total; ) {
        const due = Math.min(total, Math.floor(((performance.now() - startedAt) * perSecond) / 1000));
        for (; sent < due; sent++) {
          const room = rooms[sent % rooms.length];
          if (room) this.#send(room, startedAt + (sent * 1000) / perSecond);
        }
        await delay(1);
      }
    });
  }

  /** One message in each room: shows that who joined is there. */
  roundOfMessages(): Promise<Talk> {
    return this.#talk(1, async () => {
      for (const room of this.#rooms.values()) this.#send(room, performance.now());
    });
  }

  leave(): void {
    for (const { members } of this.#rooms.values()) for (const member of members) member.leave();
    this.#rooms.clear();
  }

  #seat(seat: Seat): Member {
    const room = this.#rooms.get(seat.room) ?? { members: [], everybody: 0, sent: 0 };
    this.#rooms.set(seat.room, room);
    const member = new Member(seat, room.members.length, {
      dialect: this.#dialect,
      listener: {
        onDelivery: (member, message, intendedUs) => this.#deliver(room, { member, message, intendedUs }),
        onAck: (message) => this.#acknowledge(message),
        onWrong: (what) => this.#fail(what),
      },
    });
    room.members.push(member);
    room.everybody |= 1 << member.index;
    return member;
  }

  async #talk(ms: number, work: (startedAt: number) => Promise<void>): Promise<Talk> {
    const before = { messages: this.#messages, cpu: process.cpuUsage() };
    this.#delivered = 0;
    this.#latenciesMs = [];
    this.#onComplete = () => {};
    const startedAt = performance.now();
    await Promise.race([this.#failed.promise, work(startedAt)]);
    const seconds = Math.max(ms, performance.now() - startedAt) / 1000;
    const delivered = this.#delivered;
    await Promise.race([this.#failed.promise, this.#drain()]);
    const cpu = process.cpuUsage(before.cpu);
    const sent = this.#messages - before.messages;
    this.#assertSame(sent);
    const latencies = Float64Array.from(this.#latenciesMs).sort();
    return {
      sent,
      deliveredPerSecond: delivered / seconds,
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      cpuMs: (cpu.user + cpu.system) / 1000,
    };
  }

  #send(room: Room, intendedAt: number): void {
    const message = ++this.#messages;
    this.#flights.set(message, { room, seen: 0, acked: false });
    room.members[room.sent++ % room.members.length]?.send(message, Math.round(intendedAt * 1000));
  }

  #deliver(
    room: Room,
    { member, message, intendedUs }: { member: Member; message: number; intendedUs: number },
  ): void {
    const flight = this.#flights.get(message);
    if (flight?.room !== room) return this.#fail(`message ${message} came too often, or to the wrong room`);
    const bit = 1 << member.index;
    if ((flight.seen & bit) !== 0) return this.#fail(`message ${message} came twice to one member`);
    flight.seen |= bit;
    this.#delivered += 1;
    this.#latenciesMs.push(performance.now() - intendedUs / 1000);
    this.#settle(message, flight);
  }

  #acknowledge(message: number): void {
    const flight = this.#flights.get(message);
    if (!flight || flight.acked) return this.#fail(`message ${message} was acknowledged twice`);
    flight.acked = true;
    this.#settle(message, flight);
  }

  #settle(message: number, flight: Flight): void {
    if (!flight.acked || flight.seen !== flight.room.everybody) return;
    this.#flights.delete(message);
    this.#onComplete(flight.room);
  }

  async #drain(): Promise<void> {
    const deadline = performance.now() + drainMs;
    while (this.#flights.size > 0) {
      if (performance.now() > deadline) {
        const [message, flight] = [...this.#flights][0] ?? [];
        throw new Error(
          `${this.#flights.size} messages are not complete, such as ${message} in ${flight?.room.members[0]?.seat.room}`,
        );
      }
      await delay(5);
    }
  }

  /** Fails unless every delivery was counted, and the members of each room stand at the same event. */
  #assertSame(sent: number): void {
    const [first] = this.#rooms.values();
    const expected = sent * (first?.members.length ?? 0);
    if (this.#latenciesMs.length !== expected)
      throw new Error(`${expected} deliveries were due, ${this.#latenciesMs.length} came`);
    for (const { members } of this.#rooms.values())
      if (members.some(({ seq }) => seq !== members[0]?.seq)) throw new Error("a room's members differ");
  }

  #fail(what: string): void {
    this.#failed.reject(new Error(what));
  }
}
