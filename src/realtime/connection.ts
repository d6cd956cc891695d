import type { Socket } from "socket.io";
import type { RoomConnection } from "../coordination/presence.ts";
import type { ParticipantRole, Principal } from "../domain/principal.ts";
import { type ClosingCode, closings } from "./closing.ts";
import { gatherPackets } from "./gather-packets.ts";
import { Bucket } from "./rate.ts";

/** A room that a connection is in, or waits for. */
export type Membership = {
  sessionId: string;
  participantId: string;
  role: ParticipantRole;
  /** `waiting` in the lobby; `closed` once the session has ended and only its summary is awaited. */
  stands: "inside" | "waiting" | "closed";
  /** The room's newest event when it came in: what closed a door before is not about this visit. */
  since: number;
  /** Lets go of the room, which this node follows for this connection. */
  release: () => void;
};

/** What one connection may ask for: past the first it is refused, past the second it is closed. */
const asking = { perSecond: 20, burst: 40 };
const excess = { perSecond: 20, burst: 400 };

/** More than this may not wait to be done: a database that is slow must not make a queue of everybody's requests. */
const maxWaiting = 64;

/** Bytes that may wait to be sent; who reads more slowly than that is not waited for. */
const maxUnsentBytes = 1024 * 1024;

/** One socket of one person. What it asks for is done one thing after another, in the order of its asking. */
export class Connection {
  readonly id: string;
  readonly socket: Socket;
  principal: Principal;
  /** When its credential ends. */
  expiresAt: Date;
  readonly memberships = new Map<string, Membership>();
  watchesBoard = false;
  /** The last time at which presence was told anew of it. */
  toldAt = 0;
  readonly #onFault: (error: unknown) => void;
  readonly #asking = new Bucket(asking);
  readonly #excess = new Bucket(excess);
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #closing = false;
  /** Bytes that were handed over since the transport last took what there was. */
  #queued = 0;

  /** `onFault` hears of a task that failed; the next one runs all the same. */
  constructor(
    socket: Socket,
    { principal, expiresAt }: { principal: Principal; expiresAt: Date },
    onFault: (error: unknown) => void,
  ) {
    this.#onFault = onFault;
    this.id = socket.id;
    this.socket = socket;
    this.principal = principal;
    this.expiresAt = expiresAt;
    this.#watchUnsent();
    gatherPackets(socket.conn);
  }

  /** Places in presence: once for each room that is open, lobbies aside. */
  rooms(): RoomConnection[] {
    return this.#places("inside");
  }

  /** The lobbies that it waits in. */
  lobbies(): RoomConnection[] {
    return this.#places("waiting");
  }

  /**
   * Takes note of one more request.
   * @returns 0 when it may be done, else the milliseconds after which another one may; repeated excess closes
   */
  admit(): number {
    const waitMs = this.#waiting >= maxWaiting ? 1_000 : this.#asking.take();
    if (waitMs > 0 && this.#excess.take() > 0) this.close("rate_limited");
    return waitMs;
  }

  /** Runs `task` when everything before it is done. */
  enqueue(task: () => Promise<void>): void {
    this.#waiting += 1;
    this.#last = this.#last
      .then(task)
      .catch(this.#onFault)
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  /** Resolves when all that was asked for is done. */
  async idle(): Promise<void> {
    await this.#last;
  }

  /**
   * Tells why and closes. A Socket.IO client comes back by itself when its transport is closed, and stays away when its
   * socket is: each gets what suits its code.
   */
  close(code: ClosingCode): void {
    if (this.#closing) return;
    this.#closing = true;
    const { reconnect, message } = closings[code];
    this.socket.emit("connection:closing", { code, message, reconnect });
    if (code === "slow_consumer") this.#terminate();
    else if (reconnect) this.socket.conn.close();
    else this.socket.disconnect(true);
  }

  /** True when the other side answers within this time: not a socket whose network went without a word. */
  async answers(withinMs: number): Promise<boolean> {
    const { conn } = this.socket;
    const own = webSocketOf(conn);
    if (!own) return conn.readyState === "open";
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), withinMs);
    const onPong = (): void => resolve(true);
    own.once("pong", onPong);
    try {
      own.ping();
      return (await promise) && conn.readyState === "open";
    } catch {
      return false;
    } finally {
      clearTimeout(timer);
      own.off("pong", onPong);
    }
  }

  /** Ends the connection without another word: nobody seems to be there. */
  drop(): void {
    this.#closing = true;
    this.#terminate();
  }

  #places(stands: Membership["stands"]): RoomConnection[] {
    return [...this.memberships.values()]
      .filter((membership) => membership.stands === stands)
      .map(({ sessionId, participantId }) => ({ sessionId, participantId, connectionId: this.id }));
  }

  /** What is not read stays in memory here, and would grow without bound. */
  #watchUnsent(): void {
    const { conn } = this.socket;
    conn.on("packetCreate", ({ data }: { data?: string | Uint8Array }) => {
      // What waited before: a single answer may be as large as it is.
      const waiting = this.#queued + (webSocketOf(conn)?.bufferedAmount ?? 0);
      this.#queued += data?.length ?? 0;
      if (waiting > maxUnsentBytes) this.close("slow_consumer");
    });
    conn.on("flush", () => {
      this.#queued = 0;
    });
  }

  #terminate(): void {
    const { conn } = this.socket;
    const own = webSocketOf(conn);
    if (own) own.terminate();
    else conn.close(true);
  }
}

/** What is used of the WebSocket below. */
type WebSocket = {
  readonly bufferedAmount: number;
  ping(): void;
  terminate(): void;
  once(event: "pong", listener: () => void): void;
  off(event: "pong", listener: () => void): void;
};

/** The WebSocket of a connection; null where it polls. */
const webSocketOf = (conn: Socket["conn"]): WebSocket | null =>
  (conn.transport as { socket?: WebSocket }).socket ?? null;
