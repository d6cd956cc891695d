import type { Awaited, RoomConnection } from "../coordination/presence.ts";
import type { App } from "../usecases/app.ts";
import { disconnectFromRoom } from "../usecases/rooms/disconnect.ts";
import { sweepRooms } from "../usecases/rooms/sweep.ts";

const heartbeatMs = 1_000;
const sweepMs = 250;

export type PresenceKeeperOptions = {
  /** Brings the connections of this node into their rooms anew, after the others took it for dead. */
  rejoin: () => Promise<void>;
  /** Somebody's last connection went with a node that died. */
  onLost: (lost: Awaited) => void;
};

/**
 * Keeps presence true over time: says that this node lives, notices nodes that do not, and lets those leave whose
 * grace is over. What fails is tried again at the next beat.
 */
export class PresenceKeeper {
  readonly #app: App;
  readonly #options: PresenceKeeperOptions;
  readonly #timers: NodeJS.Timeout[];
  readonly #running = new Set<Promise<void>>();
  /** The others took this node for dead, and not everybody is back in their rooms. */
  #lapsed = false;
  /** Connections whose end could not be told, because Redis was away. */
  #untold: RoomConnection[] = [];

  constructor(app: App, options: PresenceKeeperOptions) {
    this.#app = app;
    this.#options = options;
    this.#timers = [
      this.#every(heartbeatMs, () => this.#beat()),
      this.#every(sweepMs, () => sweepRooms(app)),
    ];
  }

  /** The first beat, before anybody may connect: from here on a death of this node is noticed. */
  async begin(): Promise<void> {
    await this.#beat();
  }

  /** Remembers a connection that ended while presence could not be told. */
  remember(connection: RoomConnection): void {
    this.#untold.push(connection);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#running);
  }

  async #beat(): Promise<void> {
    const { lapsed, lost } = await this.#app.presence.heartbeat(this.#app.config.leaveGraceSeconds * 1000);
    this.#lapsed ||= lapsed;
    if (this.#lapsed) await this.#options.rejoin();
    this.#lapsed = false;
    for (const person of lost) this.#options.onLost(person);
    for (let connection = this.#untold.shift(); connection; connection = this.#untold.shift()) {
      try {
        await disconnectFromRoom(this.#app, connection);
      } catch (error) {
        this.#untold.unshift(connection);
        throw error;
      }
    }
  }

  /** Runs `work` again and again, never twice at once; a failure is logged when it begins and when it ends. */
  #every(ms: number, work: () => Promise<void>): NodeJS.Timeout {
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
