import { type BackoffBounds, backoffMs, timerMs } from "./backoff.ts";
import type { Connection } from "./connection.ts";
import { createEmitter } from "./emitter.ts";
import { CourtsideError, asCourtsideError, isPassing } from "./error.ts";
import type { DurableEvent, Session, Snapshot } from "./protocol.ts";
import {
  type Passing,
  type RoomState,
  applyDurable,
  applyPassing,
  isPassingName,
  stateOf,
} from "./room-state.ts";

export type BoardEvents = {
  /** A durable event of any session on the board, each once and in order. */
  event: DurableEvent;
  /** {@link Board.sessions} is another than before. */
  change: undefined;
  closed: CourtsideError | null;
};

/** What is kept while the board is asked for; older is let go, and then found missing. */
const maxHeld = 1_000;

/** All of a coach's sessions with who is in their rooms. After a lost connection it starts from a new snapshot. */
export class Board {
  readonly #connection: Connection;
  readonly #backoff: BackoffBounds;
  readonly #emitter = createEmitter<BoardEvents>();
  readonly #watched = Promise.withResolvers<void>();
  #sessions: ReadonlyMap<string, RoomState> = new Map();
  /** The newest event of each session that is part of its state. */
  #seqs = new Map<string, number>();
  /** What came while the board was being asked for: it belongs after the snapshot. */
  #held: [name: string, payload: { sessionId: string }][] = [];
  #phase: "out" | "asking" | "watching" | "closed" = "out";
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Made by `hub.watchBoard`. */
  constructor(connection: Connection, backoff: BackoffBounds) {
    this.#connection = connection;
    this.#backoff = backoff;
    this.#watched.promise.catch(() => {});
  }

  /** @internal Resolves with this board once it shows something. */
  async watched(): Promise<this> {
    await this.#watched.promise;
    return this;
  }

  /** The sessions by their id: a new map at each change. Those that are over stay until the next snapshot. */
  get sessions(): ReadonlyMap<string, RoomState> {
    return this.#sessions;
  }

  /** @returns a function that takes the handler off again */
  on<K extends keyof BoardEvents>(name: K, handler: (event: BoardEvents[K]) => void): () => void {
    return this.#emitter.on(name, handler);
  }

  /** Stops watching. The hub goes on telling this connection until it ends; that is not passed on. */
  close(): void {
    this.end(null);
  }

  /** @internal Ends for good. */
  end(error: CourtsideError | null): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#held = [];
    clearTimeout(this.#timer);
    this.#watched.reject(error ?? new CourtsideError("closed", "The board is closed."));
    this.#emitter.emit("closed", error);
  }

  /** @internal The connection is open. */
  enter(): void {
    if (this.#phase !== "out") return;
    this.#phase = "asking";
    this.#connection
      .request("board:watch", {})
      .then(({ sessions }) => this.#install(sessions))
      .catch((error: unknown) => this.#refused(asCourtsideError(error, "internal")));
  }

  /** @internal The connection was lost. */
  suspend(): void {
    if (this.#phase === "closed") return;
    clearTimeout(this.#timer);
    this.#phase = "out";
    this.#held = [];
    this.#failures = 0;
  }

  /** @internal Something came for a session. */
  hear(name: string, payload: { sessionId: string }): void {
    if (this.#phase === "watching") {
      if ("seq" in payload) this.#hearDurable(payload as DurableEvent);
      else if (isPassingName(name)) this.#hearPassing({ name, payload } as Passing);
    } else if (this.#phase !== "closed") {
      this.#held.push([name, payload]);
      if (this.#held.length > maxHeld) this.#held.shift();
    }
  }

  #hearDurable(event: DurableEvent): void {
    const { sessionId, seq, data } = event;
    const known = this.#seqs.get(sessionId) ?? 0;
    if (seq <= known) return;
    const state = this.#sessions.get(sessionId) ?? ("session" in data ? emptyRoom(data.session) : null);
    if (seq > known + 1 || !state) {
      this.#heal();
      return;
    }
    this.#failures = 0;
    this.#seqs.set(sessionId, seq);
    this.#set(sessionId, applyDurable(state, event));
    this.#emitter.emit("event", event);
  }

  #hearPassing(passing: Passing): void {
    const { sessionId } = passing.payload;
    const state = this.#sessions.get(sessionId);
    if (state) this.#set(sessionId, applyPassing(state, passing));
  }

  #set(sessionId: string, state: RoomState): void {
    if (this.#sessions.get(sessionId) === state) return;
    this.#sessions = new Map(this.#sessions).set(sessionId, state);
    this.#emitter.emit("change", undefined);
  }

  #install(sessions: readonly Snapshot[]): void {
    if (this.#phase !== "asking") return;
    this.#sessions = new Map(sessions.map((snapshot) => [snapshot.session.id, stateOf(snapshot)]));
    this.#seqs = new Map(sessions.map(({ session }) => [session.id, session.lastSeq]));
    this.#phase = "watching";
    this.#emitter.emit("change", undefined);
    this.#watched.resolve();
    const held = this.#held;
    this.#held = [];
    for (const [name, payload] of held) this.hear(name, payload);
  }

  /** Events are missing: the board starts again from a snapshot. */
  #heal(): void {
    this.#phase = "out";
    this.#retryIn(this.#failures === 0 ? 0 : backoffMs(this.#failures, this.#backoff));
    this.#failures += 1;
  }

  #refused(error: CourtsideError): void {
    if (this.#phase !== "asking") return;
    this.#phase = "out";
    if (error.code === "connection_lost") return;
    if (isPassing(error) || error.code === "timeout" || error.code === "internal") {
      this.#retryIn((error.retryAfterMs ?? 0) + backoffMs(this.#failures++, this.#backoff));
    } else this.end(error);
  }

  #retryIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.enter(), timerMs(ms));
  }
}

/** What of a board is for those who watch it. */
export type WatchedBoard = Pick<Board, "sessions" | "on" | "close">;

const emptyRoom = (session: Session): RoomState => ({ session, participants: new Map(), waiting: new Map() });
