import { type BackoffBounds, backoffMs, timerMs } from "./backoff.ts";
import type { Connection } from "./connection.ts";
import { CourtsideError, asCourtsideError, errorOf, isPassing } from "./error.ts";
import { Outbox } from "./outbox.ts";
import type { Admission, Participant, RequestName, Requests, RoomSnapshot } from "./protocol.ts";
import { RoomView } from "./room-view.ts";

export type MembershipOptions = {
  sessionId: string;
  connection: Connection;
  backoff: BackoffBounds;
  requestTimeoutMs: number;
  /** Told each time the hub lets this person wait in the lobby. */
  onWaiting: () => void;
  onClosed: () => void;
};

/** What is kept while the room is being joined; older is let go, and then found missing. */
const maxHeld = 1_000;

/** Being in a room: joins it on every new connection from where it was left, and wherever events are missing. */
export class Membership {
  readonly view = new RoomView(() => this.end(null));
  readonly outbox: Outbox;
  readonly #options: MembershipOptions;
  readonly #joined = Promise.withResolvers<void>();
  /** Requests that wait for the room to be joined. */
  readonly #doorstep = new Set<() => void>();
  #self: Participant | null = null;
  /** `out`: the connection is lost, or the next try is awaited. `waiting`: in the lobby. */
  #phase: "out" | "joining" | "waiting" | "in" | "closed" = "out";
  #closedBy: CourtsideError | null = null;
  /** What came while the room was being joined: it belongs after the snapshot. */
  #held: [name: string, payload: object][] = [];
  /** Counts the joins: what an earlier one comes to is of no interest. */
  #attempt = 0;
  #failures = 0;
  /** How often in a row events were missing. */
  #gaps = 0;
  /** The hub does not know the seq that was reached here. */
  #isLost = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: MembershipOptions) {
    this.#options = options;
    const { sessionId, connection, backoff } = options;
    this.outbox = new Outbox(
      (text, clientMessageId) => connection.request("message:send", { sessionId, text, clientMessageId }),
      backoff,
    );
    this.#joined.promise.catch(() => {});
  }

  get sessionId(): string {
    return this.#options.sessionId;
  }

  /** Resolves once the room is joined. @throws CourtsideError what keeps this person out */
  joined(): Promise<void> {
    return this.#joined.promise;
  }

  /** Who this is, as of the newest snapshot. */
  get self(): Participant | null {
    return this.#self;
  }

  get isClosed(): boolean {
    return this.#phase === "closed";
  }

  /** Why nothing can be done in the room any more. */
  get closedError(): CourtsideError {
    return this.#closedBy ?? new CourtsideError("closed", "The room is closed.");
  }

  /** Leaves at once; resolves when the hub knows, or cannot be told. */
  async leave(): Promise<void> {
    if (this.isClosed) return;
    const { connection, sessionId } = this.#options;
    const left = connection.request("session:leave", { sessionId });
    this.end(null);
    await left.catch(() => {});
  }

  /** The connection is open: the room is joined, from where it was left. */
  enter(): void {
    if (this.#phase !== "out") return;
    clearTimeout(this.#timer);
    this.#phase = "joining";
    const { sessionId } = this;
    const ask = this.view.state && !this.#isLost ? { sessionId, after: this.view.seq } : { sessionId };
    const attempt = ++this.#attempt;
    const isStale = (): boolean => attempt !== this.#attempt || this.#phase !== "joining";
    this.#options.connection
      .request("session:join", ask)
      .then((answer) => isStale() || this.#answered(answer))
      .catch((error: unknown) => isStale() || this.#refused(asCourtsideError(error, "internal")));
  }

  /** The connection was lost. */
  suspend(): void {
    if (this.isClosed) return;
    clearTimeout(this.#timer);
    this.#phase = "out";
    this.#held = [];
    this.outbox.setOpen(false);
  }

  /** Something came for this session. */
  hear(name: string, payload: object): void {
    if (this.#phase === "in") {
      if (!this.view.hear(name, payload)) this.#heal();
      else if ("seq" in payload) this.#gaps = 0;
    } else if (this.#phase === "waiting" && name === "admission:granted") {
      this.#phase = "joining";
      this.#answered({ ...(payload as Admission), recovered: false, events: [] });
    } else if (this.#phase === "waiting" && name === "admission:refused") {
      this.end(errorOf(payload));
    } else if (this.#phase !== "closed") {
      this.#held.push([name, payload]);
      if (this.#held.length > maxHeld) this.#held.shift();
    }
  }

  /** Ends for good. */
  end(error: CourtsideError | null): void {
    if (this.isClosed) return;
    this.#phase = "closed";
    this.#closedBy = error;
    clearTimeout(this.#timer);
    this.#held = [];
    this.#joined.reject(this.closedError);
    this.outbox.close(this.closedError);
    for (const look of this.#doorstep) look();
    this.#options.onClosed();
    this.view.end(error);
  }

  /** Asks once in the room, within the time that requests have; refusals that pass are tried again within it. */
  async ask<N extends RequestName>(name: N, ask: Requests[N]["ask"]): Promise<Requests[N]["answer"]> {
    const deadline = performance.now() + this.#options.requestTimeoutMs;
    const left = (): number => deadline - performance.now();
    for (let failures = 0; ; failures++) {
      await this.#beingIn(left());
      try {
        return await this.#options.connection.request(name, ask, left());
      } catch (cause) {
        const error = asCourtsideError(cause, "internal");
        if (!isPassing(error)) throw error;
        const waitMs = (error.retryAfterMs ?? 0) + backoffMs(failures, this.#options.backoff);
        if (waitMs >= left()) throw error;
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }

  /** Waits until the room is joined. @throws CourtsideError `timeout`, `closed`, or the room's own error */
  #beingIn(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        this.#doorstep.delete(look);
        settle();
      };
      const look = (): void => {
        if (this.#phase === "in") done(resolve);
        else if (this.isClosed) done(() => reject(this.closedError));
      };
      const late = new CourtsideError("timeout", "The room was not joined in time.");
      const timer = setTimeout(() => done(() => reject(late)), timerMs(timeoutMs));
      this.#doorstep.add(look);
      look();
    });
  }

  #answered(answer: Requests["session:join"]["answer"]): void {
    if ("waiting" in answer && answer.waiting === true) {
      this.#phase = "waiting";
      queueMicrotask(this.#options.onWaiting);
      // The admission may have come right behind the answer.
      this.#hearHeld();
      return;
    }
    const snapshot: RoomSnapshot = answer;
    const isFirst = this.view.state === null;
    this.#self = snapshot.self ?? this.#self;
    this.#failures = 0;
    this.#isLost = false;
    this.view.install(snapshot);
    if (!isFirst) this.#settle();
    else {
      this.#joined.resolve();
      // Whoever awaits the join gets to attach handlers before what follows is told.
      this.#timer = setTimeout(() => this.#settle(), 0);
    }
  }

  /** In the room: what came meanwhile follows, and then what waits to go out. */
  #settle(): void {
    if (this.#phase !== "joining") return;
    this.#phase = "in";
    this.#hearHeld();
    if (this.isClosed) return;
    this.outbox.setOpen(true);
    for (const look of this.#doorstep) look();
  }

  #hearHeld(): void {
    const held = this.#held;
    this.#held = [];
    for (const [name, payload] of held) this.hear(name, payload);
  }

  /** Joins again from where events are missing: at once, and if that does not help, after a wait. */
  #heal(): void {
    this.#phase = "out";
    this.#gaps += 1;
    if (this.#gaps === 1) this.enter();
    else this.#retryIn(backoffMs(this.#gaps, this.#options.backoff));
  }

  #refused(error: CourtsideError): void {
    this.#phase = "out";
    if (error.code === "connection_lost") return;
    if (error.code === "invalid_request" && this.view.state && !this.#isLost) {
      // The hub's log ends before what was seen of it, as after a restore: nothing can be continued.
      this.#isLost = true;
      this.enter();
    } else if (isPassing(error) || error.code === "timeout" || error.code === "internal") {
      this.#retryIn((error.retryAfterMs ?? 0) + backoffMs(this.#failures++, this.#options.backoff));
    } else {
      const isOver = ["completed", "cancelled", "no_show"].includes(this.view.state?.session.status ?? "");
      this.end(error.code === "session_closed" && isOver ? null : error);
    }
  }

  #retryIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.enter(), timerMs(ms));
  }
}
