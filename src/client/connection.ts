import { type Socket, io } from "socket.io-client";
import { type BackoffBounds, backoffMs, timerMs } from "./backoff.ts";
import type { Credential } from "./credential.ts";
import { CourtsideError, asCourtsideError, errorOf } from "./error.ts";
import type { Acknowledgement, RequestName, Requests } from "./protocol.ts";
import { refreshDelayMs } from "./token.ts";

/** `offline`: waiting before the next attempt. `closed`: for good. */
export type HubStatus = "connecting" | "online" | "offline" | "closed";

export type ConnectionOptions = {
  /** The `/live` address of the hub. */
  url: string;
  path: string;
  transports: ("websocket" | "polling")[];
  backoff: BackoffBounds;
  requestTimeoutMs: number;
};

export type ConnectionHandlers = {
  /** `error` says why it is not online, where that is known. */
  onStatus: (status: HubStatus, error: CourtsideError | null) => void;
  onEvent: (name: string, payload: unknown) => void;
};

/** What the hub said before it closed the connection. */
type Closing = { code: string; message?: string; reconnect: boolean; retryAfterMs?: number };

/** A connection that lasted this long was a good one: the waits start from the shortest again. */
const stableMs = 10_000;

/** Codes of a refused connection that may be accepted later as it is. */
const passingCodes = ["unavailable", "rate_limited", "internal"];

/**
 * One connection to the hub at a time, and the way back when it is lost. Each attempt is a socket of its own, so
 * nothing that was meant for one connection is sent on another.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #credential: Credential;
  readonly #handlers: ConnectionHandlers;
  #status: HubStatus = "connecting";
  #socket: Socket | null = null;
  #failures = 0;
  #credentialRefusals = 0;
  #onlineSince = 0;
  #closing: Closing | null = null;
  /** When the hub, which is draining, wants this client to come back; on the clock of `performance`. */
  #moveAt: number | null = null;
  /** The next attempt, or the end of the present one. */
  #attemptTimer: ReturnType<typeof setTimeout> | undefined;
  #moveTimer: ReturnType<typeof setTimeout> | undefined;
  #refreshTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConnectionOptions, credential: Credential, handlers: ConnectionHandlers) {
    this.#options = options;
    this.#credential = credential;
    this.#handlers = handlers;
    this.#retryIn(0);
  }

  get status(): HubStatus {
    return this.#status;
  }

  /**
   * Asks the hub once, on the connection that is open now.
   * @throws CourtsideError the hub's refusal; `timeout`; `connection_lost`, also when there is none
   */
  request<N extends RequestName>(
    name: N,
    ask: Requests[N]["ask"],
    timeoutMs = this.#options.requestTimeoutMs,
  ): Promise<Requests[N]["answer"]> {
    const socket = this.#socket;
    if (this.#status !== "online" || !socket) return Promise.reject(lost());
    return new Promise((resolve, reject) => {
      socket
        .timeout(timerMs(timeoutMs))
        .emit(name, ask, (failure: Error | null, answer?: Acknowledgement) => {
          if (failure) reject(socket.connected ? timedOut(name) : lost());
          else if (answer?.ok === true) resolve(answer);
          else reject(errorOf(answer?.error ?? {}));
        });
    });
  }

  /** Ends for good. What was asked and not answered is rejected with `connection_lost`. */
  close(error: CourtsideError | null): void {
    if (this.#status === "closed") return;
    this.#dispose();
    this.#tell("closed", error);
  }

  #retryIn(ms: number): void {
    this.#attemptTimer = setTimeout(() => void this.#attempt(), timerMs(ms));
  }

  async #attempt(): Promise<void> {
    this.#tell("connecting", null);
    try {
      const token = await this.#credential.current();
      if (this.#status === "connecting") this.#open(token);
    } catch (error) {
      if (this.#status === "connecting") this.#rest(asCourtsideError(error, "token_unavailable"));
    }
  }

  #open(token: string): void {
    const { url, path, transports, requestTimeoutMs } = this.#options;
    const socket = io(url, { path, transports, auth: { token }, reconnection: false, forceNew: true });
    this.#socket = socket;
    this.#attemptTimer = setTimeout(() => this.#rest(timedOut("the connection")), requestTimeoutMs);
    socket.on("connect", () => this.#begin());
    socket.on("connect_error", (error: Error & { data?: unknown }) => this.#refused(error));
    socket.on("disconnect", () => this.#end());
    socket.onAny((name: string, payload: unknown) => this.#hear(name, payload));
  }

  #begin(): void {
    clearTimeout(this.#attemptTimer);
    this.#onlineSince = performance.now();
    this.#credentialRefusals = 0;
    this.#scheduleRefresh();
    this.#tell("online", null);
  }

  #hear(name: string, payload: unknown): void {
    if (name === "connection:closing") this.#closing = payload as Closing;
    else if (name === "hub:draining") this.#move(payload as { reconnectInMs: number });
    else this.#handlers.onEvent(name, payload);
  }

  #move({ reconnectInMs }: { reconnectInMs: number }): void {
    clearTimeout(this.#moveTimer);
    this.#moveAt = performance.now() + reconnectInMs;
    this.#moveTimer = setTimeout(() => this.#end(), timerMs(reconnectInMs));
  }

  /** A connection that was open is over, by either side. */
  #end(): void {
    const [closing, moveAt] = [this.#closing, this.#moveAt];
    const now = performance.now();
    if (now - this.#onlineSince >= stableMs) this.#failures = 0;
    if (closing?.reconnect === false) this.#endAsTold(errorOf(closing));
    else if (moveAt !== null) this.#rest(lost("The hub is draining."), { waitMs: Math.max(0, moveAt - now) });
    else this.#rest(closing ? errorOf(closing) : lost());
  }

  #endAsTold(error: CourtsideError): void {
    if (error.code === "token_expired" && this.#credential.replaceable) {
      this.#credential.discard();
      this.#rest(error);
    } else this.close(error);
  }

  /** The hub did not take the connection. */
  #refused(cause: Error & { data?: unknown }): void {
    const data = cause.data as { code?: string; retryAfterMs?: number } | undefined;
    if (typeof data?.code !== "string") {
      this.#rest(new CourtsideError("unavailable", `No connection to the hub: ${cause.message}`, { cause }));
      return;
    }
    const error = errorOf({ ...data, message: cause.message });
    if (passingCodes.includes(error.code)) this.#rest(error);
    else if (this.#mayAskAgain(error)) {
      this.#credential.discard();
      this.#rest(error);
    } else this.close(error);
  }

  /** A token that is refused is replaced once; when the next one is refused as well, that is the answer. */
  #mayAskAgain({ code }: CourtsideError): boolean {
    if (code !== "unauthenticated" && code !== "token_expired") return false;
    this.#credentialRefusals += 1;
    return this.#credential.replaceable && this.#credentialRefusals === 1;
  }

  /** Lets go of the connection, and tries again: after what the hub asked for, or by chance within the backoff. */
  #rest(error: CourtsideError, { waitMs }: { waitMs?: number } = {}): void {
    this.#dispose();
    const byChance = backoffMs(this.#failures, this.#options.backoff);
    if (waitMs === undefined) this.#failures += 1;
    this.#retryIn(waitMs ?? (error.retryAfterMs ?? 0) + byChance);
    this.#tell("offline", error);
  }

  #dispose(): void {
    for (const timer of [this.#attemptTimer, this.#moveTimer, this.#refreshTimer]) clearTimeout(timer);
    this.#closing = null;
    this.#moveAt = null;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.off().offAny();
    // What it still holds back would keep its acknowledgement waiting for a connection that never comes.
    socket.sendBuffer = [];
    socket.disconnect();
  }

  /** Before its time runs out, the token is replaced on the open connection. */
  #scheduleRefresh(waitMs?: number): void {
    clearTimeout(this.#refreshTimer);
    const { facts, replaceable } = this.#credential;
    if (!facts || !(replaceable || facts.isTicket)) return;
    this.#refreshTimer = setTimeout(
      () => void this.#refresh(),
      timerMs(waitMs ?? refreshDelayMs(facts, Date.now())),
    );
  }

  async #refresh(): Promise<void> {
    const socket = this.#socket;
    try {
      if (this.#credential.replaceable) {
        const token = await this.#credential.ask();
        await this.request("token:refresh", { token });
      } else {
        const { ticket } = await this.request("token:renew", {});
        this.#credential.keep(ticket);
      }
      if (socket === this.#socket) this.#scheduleRefresh();
    } catch (error) {
      if (socket !== this.#socket) return;
      const { retryAfterMs = 0 } = asCourtsideError(error, "token_unavailable");
      const leftMs = (this.#credential.facts?.expiresAt ?? 0) - Date.now();
      this.#scheduleRefresh(Math.max(1_000, Math.min(30_000, leftMs / 10), retryAfterMs));
    }
  }

  #tell(status: HubStatus, error: CourtsideError | null): void {
    this.#status = status;
    this.#handlers.onStatus(status, error);
  }
}

const lost = (message = "The connection to the hub was lost."): CourtsideError =>
  new CourtsideError("connection_lost", message);

const timedOut = (what: string): CourtsideError =>
  new CourtsideError("timeout", `${what} was not answered in time.`);
