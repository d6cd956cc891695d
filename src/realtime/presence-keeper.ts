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
  readonly #tellAll: (time: number) => Promise<void>;
  readonly #timers: NodeJS.Timeout[];
  readonly #running = new Set<Promise<void>>();
  /** How often presence has lost connections of this node, and up to which time all were told anew. */
  #lapses = 0;
  #toldUpTo = 0;
  #telling: Promise<void> | null = null;
  /** What could not be told of connections while presence was away, by connection and room. */
  readonly #untold = new Map<string, () => Promise<void>>();

  /**
   * `tellAll` brings the connections of this node into their rooms anew, but for those that it did for this time or a
   * later one; it rejects when some are left.
   */
  constructor(app: App, tellAll: (time: number) => Promise<void>) {
    this.#app = app;
    this.#tellAll = tellAll;
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
    this.#lapses += 1;
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
    await this.#telling;
  }

  async #beat() {
    const { presence, publisher, config } = this.#app;
    const graceMs = config.leaveGraceSeconds * 1000;
    const told = this.#toldUpTo === this.#lapses;
    const beat = await presence.heartbeat({ graceMs, told }).catch((error: unknown) => {
      // The answer may have been lost, and with it that others took this node for dead.
      this.lapse();
      throw error;
    });
    if (beat.lapsed) this.lapse();
    for (const sessionId of new Set(beat.changed)) publisher.publishPresenceNews(sessionId);
    if (this.#toldUpTo < this.#lapses) this.#tellAnew();
    if (beat.state === "told") {
      await awaitEverybody(this.#app);
      await presence.settle();
    }
    await this.#tellUntold();
    return beat;
  }

  /** Beside the beats, which go on: somebody who does not answer must not cost this node its lease. */
  #tellAnew(): void {
    const time = this.#lapses;
    this.#telling ??= this.#tellAll(time)
      .then(() => {
        this.#toldUpTo = time;
      })
      .catch((error: unknown) =>
        this.#app.log.warn({ err: error }, "not everybody could be told anew; it is tried again"),
      )
      .finally(() => {
        this.#telling = null;
      });
  }

  /** After presence was settled: a leave is not judged before. */
  async #tellUntold(): Promise<void> {
    const failures: unknown[] = [];
    for (const [name, tell] of new Map(this.#untold)) {
      this.#untold.delete(name);
      try {
        await tell();
      } catch (error) {
        failures.push(error);
        // Unless something newer is to be told by now.
        if (!this.#untold.has(name)) this.#untold.set(name, tell);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, "presence could not be told of everybody");
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
