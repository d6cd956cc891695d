import type { RoomConnection } from "../coordination/presence.ts";
import { DomainError } from "../domain/errors.ts";
import type { App } from "../usecases/app.ts";
import { awaitEverybody, isEverybodyOut, sweepRooms } from "../usecases/rooms/sweep.ts";

const heartbeatMs = 1_000;
const sweepMs = 250;
/** How often somebody looks for people in the attendance of whom presence knows nothing. */
const awaitMs = 60_000;

/**
 * Keeps presence true over time: says that this node lives, notices nodes that do not, tells anew what presence has
 * lost, and lets those leave whose grace is over. What fails is tried again at the next beat.
 */
export class PresenceKeeper {
  readonly #app: App;
  readonly #rejoin: () => Promise<void>;
  readonly #timers: NodeJS.Timeout[];
  readonly #running = new Set<Promise<void>>();
  /** Presence does not know every connection of this node. */
  #lapsed = false;
  /** What could not be told of connections while presence was away, by connection and room. */
  readonly #untold = new Map<string, () => Promise<void>>();

  /** `rejoin` brings the connections of this node into their rooms anew. */
  constructor(app: App, rejoin: () => Promise<void>) {
    this.#app = app;
    this.#rejoin = rejoin;
    this.#timers = [
      this.#every(heartbeatMs, () => this.#beat()),
      this.#every(sweepMs, () => sweepRooms(app)),
      this.#every(awaitMs, () => awaitEverybody(app)),
    ];
  }

  /** The first beat, before anybody may connect: from here on a death of this node is noticed. */
  async begin(): Promise<void> {
    const { state } = await this.#beat();
    await awaitEverybody(this.#app);
    // With nobody in any room, nothing can have been lost.
    if (state !== "settled" && (await isEverybodyOut(this.#app))) await this.#app.presence.settle();
  }

  /** Presence could not be told of a connection: all are told anew. */
  lapse(): void {
    this.#lapsed = true;
  }

  /** Tells presence something of a connection in a room, now or as soon as it can be told. */
  async surely(place: RoomConnection, tell: () => Promise<void>): Promise<void> {
    try {
      await tell();
    } catch (error) {
      this.#untold.set(nameOf(place), tell);
      if (!(error instanceof DomainError && error.kind === "unavailable"))
        this.#app.log.warn({ err: error }, "presence could not be told; it is told later");
    }
  }

  /** What was to be told of a connection in a room is true no more. */
  forget(place: RoomConnection): void {
    this.#untold.delete(nameOf(place));
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#running);
  }

  async #beat() {
    const { presence, publisher, config } = this.#app;
    const graceMs = config.leaveGraceSeconds * 1000;
    const beat = await presence.heartbeat({ graceMs, told: !this.#lapsed });
    this.#lapsed ||= beat.lapsed;
    for (const sessionId of new Set(beat.changed)) publisher.publishPresenceNews(sessionId);
    if (this.#lapsed) {
      await this.#rejoin();
      this.#lapsed = false;
    }
    if (beat.state === "told") {
      await awaitEverybody(this.#app);
      await presence.settle();
    }
    // After it was settled: a leave is not judged before.
    for (const [name, tell] of this.#untold) {
      await tell();
      this.#untold.delete(name);
    }
    return beat;
  }

  /** Runs `work` again and again, never twice at once; a failure is logged when it begins and when it ends. */
  #every(ms: number, work: () => Promise<unknown>): NodeJS.Timeout {
    let busy = false;
    let failing = false;
    return setInterval(() => {
      if (busy) return;
      busy = true;
      const run = work()
        .then(() => {
          if (failing) this.#app.log.info("presence is kept again");
          failing = false;
        })
        .catch((error: unknown) => {
          if (!failing) this.#app.log.warn({ err: error }, "presence cannot be kept at this moment");
          failing = true;
        })
        .finally(() => {
          busy = false;
          this.#running.delete(run);
        });
      this.#running.add(run);
    }, ms);
  }
}

const nameOf = ({ sessionId, participantId, connectionId }: RoomConnection): string =>
  `${sessionId} ${participantId} ${connectionId}`;
