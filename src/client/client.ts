import { type BackoffBounds, defaultBackoff } from "./backoff.ts";
import { Board, type WatchedBoard } from "./board.ts";
import { Connection, type HubStatus } from "./connection.ts";
import { Credential, type TokenSource } from "./credential.ts";
import { createEmitter } from "./emitter.ts";
import { CourtsideError } from "./error.ts";
import { Membership } from "./membership.ts";
import { Room } from "./room.ts";

export { CourtsideError, type ErrorCode } from "./error.ts";
export type { BoardEvents, WatchedBoard } from "./board.ts";
export type { HubStatus } from "./connection.ts";
export type { TokenSource } from "./credential.ts";
export type { PostedMessage } from "./outbox.ts";
export type {
  Actor,
  DurableEvent,
  DurableType,
  Participant,
  PassingEvents,
  Session,
  Summary,
  WaitingPerson,
} from "./protocol.ts";
export type { Room } from "./room.ts";
export type { RoomState } from "./room-state.ts";
export type { RoomEvents } from "./room-view.ts";

export type ConnectOptions = {
  /** Where the hub is, such as `https://hub.example.org`; of a path, nothing is used. */
  url: string;
  /**
   * A user's token or a ticket. A function is asked for a new one whenever one is needed: at the start, before the
   * present one ends, and after it was refused. A ticket given as text is renewed by the hub itself.
   */
  token: TokenSource;
  /** Bounds of the waits before attempts to connect, in milliseconds: 300 and 10,000 where not given. */
  backoff?: Partial<BackoffBounds>;
  /** How long an answer may take, and a connection to open, in milliseconds; 10,000 where not given. */
  requestTimeoutMs?: number;
  /** WebSocket alone where not given; `polling` only where the hub has it switched on. */
  transports?: ("websocket" | "polling")[];
  /** Where Socket.IO is on that host; `/socket.io` where not given. */
  path?: string;
};

export type JoinOptions = {
  /** Gives up: leaves the room or the lobby again, and rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The hub lets this person wait until a coach admits them. */
  onWaiting?: () => void;
};

export type HubEvents = {
  /** `error`: why it is not online, where that is known. */
  status: { status: HubStatus; error: CourtsideError | null };
};

/**
 * Connects to a hub, and stays connected until it is closed: lost connections come back by themselves, for ever,
 * unless the hub says that this credential will not do.
 * @example
 * const hub = connect({ url: "https://hub.example.org", token: ticket });
 * const room = await hub.join(sessionId);
 * for await (const { type, actor } of room) console.log(type, actor.name);
 * hub.close();
 * @throws TypeError when `url` is none
 */
export const connect = (options: ConnectOptions): Courtside => new Courtside(options);

/** A hub, as one person sees it. */
export class Courtside {
  readonly #backoff: BackoffBounds;
  readonly #requestTimeoutMs: number;
  readonly #emitter = createEmitter<HubEvents>();
  readonly #rooms = new Map<string, Membership>();
  readonly #connection: Connection;
  #board: Board | null = null;
  #error: CourtsideError | null = null;

  constructor({ url, token, backoff, requestTimeoutMs = 10_000, transports, path }: ConnectOptions) {
    this.#backoff = { ...defaultBackoff, ...backoff };
    this.#requestTimeoutMs = requestTimeoutMs;
    this.#connection = new Connection(
      {
        url: new URL("/live", url).href,
        path: path ?? "/socket.io",
        transports: transports ?? ["websocket"],
        backoff: this.#backoff,
        requestTimeoutMs,
      },
      new Credential(token, requestTimeoutMs),
      {
        onStatus: (status, error) => this.#follow(status, error),
        onEvent: (name, payload) => this.#pass(name, payload),
      },
    );
  }

  get status(): HubStatus {
    return this.#connection.status;
  }

  /**
   * Joins the room of a session. Waits for a hub that cannot be reached, and in the lobby for as long as it takes.
   * @throws CourtsideError the hub's refusal, such as `too_early`, `room_full`, `not_found`; `already_joined`;
   *   `closed`, or the error that ended the hub. The signal's reason when it aborts.
   */
  async join(sessionId: string, { signal, onWaiting = () => {} }: JoinOptions = {}): Promise<Room> {
    signal?.throwIfAborted();
    this.#assertOpen();
    if (this.#rooms.has(sessionId)) {
      throw new CourtsideError("already_joined", "This hub is in that room, or on its way in.");
    }
    const membership = new Membership({
      sessionId,
      connection: this.#connection,
      backoff: this.#backoff,
      requestTimeoutMs: this.#requestTimeoutMs,
      onWaiting,
      onClosed: () => this.#rooms.delete(sessionId),
    });
    this.#rooms.set(sessionId, membership);
    const abort = (): void => void membership.leave();
    signal?.addEventListener("abort", abort);
    try {
      if (this.status === "online") membership.enter();
      await membership.joined();
      return new Room(membership);
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /**
   * Watches all sessions of the coach whose token this is. Called again, it gives the same board.
   * @throws CourtsideError the hub's refusal; `closed`, or the error that ended the hub
   */
  async watchBoard(): Promise<WatchedBoard> {
    this.#assertOpen();
    if (!this.#board) {
      const board = new Board(this.#connection, this.#backoff);
      this.#board = board;
      board.on("closed", () => {
        if (this.#board === board) this.#board = null;
      });
      if (this.status === "online") board.enter();
    }
    return this.#board.watched();
  }

  /** @returns a function that takes the handler off again */
  on<K extends keyof HubEvents>(name: K, handler: (event: HubEvents[K]) => void): () => void {
    return this.#emitter.on(name, handler);
  }

  /**
   * Closes the connection and all rooms. The others see this person as reconnecting until the hub's grace is over:
   * leave the rooms first to be gone at once.
   */
  close(): void {
    this.#connection.close(null);
  }

  #assertOpen(): void {
    if (this.status === "closed") throw this.#error ?? new CourtsideError("closed", "The hub is closed.");
  }

  #follow(status: HubStatus, error: CourtsideError | null): void {
    if (status === "closed") this.#error = error;
    for (const part of [...this.#rooms.values(), ...(this.#board ? [this.#board] : [])]) {
      if (status === "online") part.enter();
      else if (status === "closed") part.end(error);
      else part.suspend();
    }
    this.#emitter.emit("status", { status, error });
  }

  #pass(name: string, payload: unknown): void {
    if (typeof payload !== "object" || payload === null || !("sessionId" in payload)) return;
    const { sessionId } = payload;
    if (typeof sessionId !== "string") return;
    this.#rooms.get(sessionId)?.hear(name, payload);
    this.#board?.hear(name, { ...payload, sessionId });
  }
}
