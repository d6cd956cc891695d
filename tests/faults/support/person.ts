import { setTimeout as delay } from "node:timers/promises";
import { type Socket, io } from "socket.io-client";
import type { Participant, RoomEvent } from "../../../src/domain/room.ts";
import { waitFor } from "../../support/wait.ts";
import { type Passing, RoomView } from "./room-view.ts";

export type Refusal = { code: string; message: string; retryAfterMs?: number };
export type Answer = ({ ok: true } & Record<string, unknown>) | { ok: false; error: Refusal };
type JoinAnswer = {
  ok: true;
  self: Participant | null;
  participants: Participant[];
  seq: number;
  recovered: boolean;
  events: RoomEvent[];
};

export type PersonOptions = {
  name: string;
  ticket: string;
  sessionId: string;
  /** The nodes, in the order in which this person tries them. */
  urls: readonly string[];
  random: () => number;
};

/** A message that the hub has said it posted. */
export type Posted = { clientMessageId: string; seq: number; messageId: string };
export type Seen<T> = T & { at: number };

const answerMs = 5_000;
const settleMs = 8_000;

/**
 * Somebody in a room, as a client that comes back by itself: on any node, with `after`. Records all that they are
 * told, and objects to whatever breaks the order: what is wrong stands in `flaws`.
 */
export class Person {
  readonly name: string;
  readonly sessionId: string;
  readonly events: RoomEvent[] = [];
  /** When each of `events` was told. */
  readonly heardAt: number[] = [];
  readonly view = new RoomView();
  readonly presence: Seen<Passing>[] = [];
  readonly posted: Posted[] = [];
  readonly closings: Seen<{ code: string; reconnect: boolean }>[] = [];
  readonly drains: Seen<{ reconnectInMs: number }>[] = [];
  /** How long messages took from their writer to here, in the order in which they came. */
  readonly latencies: Seen<{ ms: number }>[] = [];
  readonly flaws: string[] = [];
  /** When each join was answered. */
  readonly joins: number[] = [];
  readonly losses: number[] = [];
  /** How often the hub asked to try again later. */
  putOff = 0;
  participantId = "";
  /** Told by the hub that the session is over. */
  closed = false;
  readonly #options: PersonOptions;
  #socket: Socket | null = null;
  #wanted = false;
  #joined = false;
  #cursor: number | null = null;
  #attempt = 0;
  #said = 0;
  #timer: NodeJS.Timeout | undefined;
  #label = "";

  constructor(options: PersonOptions) {
    this.#options = options;
    this.name = options.name;
    this.sessionId = options.sessionId;
    this.#label = Math.floor(options.random() * 1e9).toString(36);
  }

  /** In the room at this moment, as the hub has told. */
  get inRoom(): boolean {
    return this.#joined;
  }

  /** Means to be in the room, even where it cannot at this moment. */
  get wanted(): boolean {
    return this.#wanted && !this.closed;
  }

  /** The number of the newest event that was told. */
  get cursor(): number {
    return this.#cursor ?? 0;
  }

  /** The node that serves this person, as an address. */
  get url(): string {
    return this.#options.urls[this.#attempt % this.#options.urls.length] ?? "";
  }

  /** When this person was told that another left, after a moment; null when they were not. */
  toldOfLeaving(participantId: string, since: number): number | null {
    const index = this.events.findIndex(
      ({ type, data }, index) =>
        type === "participant:left" &&
        (data as Passing).participantId === participantId &&
        (this.heardAt[index] ?? 0) > since,
    );
    return this.heardAt[index] ?? null;
  }

  /** When this person was told that another cannot be reached, after a moment; null when they were not. */
  toldOfLoss(participantId: string, since: number): number | null {
    const told = this.presence.find(
      (change) =>
        change.participantId === participantId && change.status === "reconnecting" && change.at > since,
    );
    return told?.at ?? null;
  }

  /** Comes in, and back whenever the connection is lost. */
  async enter(timeoutMs = 20_000): Promise<this> {
    this.#wanted = true;
    this.#connect();
    await waitFor(() => this.#joined || !this.wanted, { timeoutMs, what: `${this.name} to be in the room` });
    return this;
  }

  /** Leaves in so many words. */
  async leave(): Promise<void> {
    const answer = await this.ask("session:leave", { sessionId: this.sessionId });
    if (answer && !answer.ok) this.flaws.push(`${this.name} may not leave: ${answer.error.code}`);
    this.vanish();
  }

  /** Loses the connection, and does not come back before `enter`. */
  vanish(): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#drop(this.#socket);
  }

  /** Loses the connection where it is, and comes back elsewhere. */
  moveOn(): void {
    this.#retry(this.#socket);
  }

  /** When the next loss comes, stays away. The connection that there is goes on. */
  stayAway(): void {
    this.#wanted = false;
  }

  /** Posts a message, until it is acknowledged; again with the same id where the answer was lost. */
  async say(filler = ""): Promise<Posted | null> {
    const clientMessageId = `${this.#label}-${++this.#said}`;
    // Who was taken for gone may not speak until they are back in: that comes by itself.
    const retry = ["forbidden"];
    const text = `${performance.now().toFixed(3)} ${filler}`;
    const answer = await this.ask(
      "message:send",
      { sessionId: this.sessionId, text, clientMessageId },
      { retry },
    );
    if (!answer) return null;
    if (!answer.ok) {
      if (answer.error.code === "session_closed") this.closed = true;
      else this.flaws.push(`${this.name} may not speak: ${answer.error.code}: ${answer.error.message}`);
      return null;
    }
    const { seq, messageId } = answer as unknown as Posted;
    const posted = { clientMessageId, seq, messageId };
    this.posted.push(posted);
    return posted;
  }

  /**
   * Asks the hub until it answers with something other than "not now".
   * @param retry codes that mean "not now" as well
   * @returns null for one who went meanwhile
   */
  async ask(
    event: string,
    payload: unknown,
    { retry = [], timeoutMs = 40_000 }: { retry?: readonly string[]; timeoutMs?: number } = {},
  ): Promise<Answer | null> {
    const deadline = performance.now() + timeoutMs;
    let last = "no answer";
    while (this.wanted && performance.now() < deadline) {
      const socket = this.#socket;
      if (!this.#joined || !socket) {
        await delay(20);
        continue;
      }
      const answer = await this.#emit(socket, event, payload);
      if (answer?.ok) return answer;
      if (!answer) continue;
      const { code, message, retryAfterMs = 250 } = answer.error;
      last = `${code}: ${message}`;
      if (code === "internal") this.flaws.push(`${this.name}, ${event}: ${last}`);
      if (!["unavailable", "rate_limited", ...retry].includes(code)) return answer;
      this.putOff += 1;
      await delay(retryAfterMs);
    }
    if (this.wanted)
      this.flaws.push(`${this.name}, ${event}: not done within ${timeoutMs / 1000} s (${last})`);
    return null;
  }

  #emit(socket: Socket, event: string, payload: unknown): Promise<Answer | null> {
    return new Promise((resolve) => {
      socket.timeout(answerMs).emit(event, payload, (failure: Error | null, answer: Answer) => {
        resolve(failure ? null : answer);
      });
    });
  }

  #connect(): void {
    if (!this.wanted) return;
    const socket = io(`${this.url}/live`, {
      auth: { token: this.#options.ticket },
      transports: ["websocket"],
      reconnection: false,
      forceNew: true,
      timeout: 3_000,
    });
    this.#socket = socket;
    socket.on("connect", () => this.#join(socket));
    socket.on("connect_error", () => this.#retry(socket));
    socket.on("disconnect", () => {
      if (this.#socket === socket) this.losses.push(performance.now());
      this.#retry(socket);
    });
    socket.onAny((name: string, payload: unknown) => this.#hear(socket, name, payload));
    // A node may take the connection and then say nothing, as one that is frozen does.
    this.#timer = setTimeout(() => {
      if (!this.#joined) this.#retry(socket);
    }, settleMs);
  }

  #drop(socket: Socket | null): void {
    this.#socket = null;
    this.#joined = false;
    socket?.removeAllListeners();
    socket?.disconnect();
  }

  #retry(socket: Socket | null): void {
    if (this.#socket !== socket) return;
    this.#drop(socket);
    this.#attempt += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), 50 + this.#options.random() * 200);
  }

  /** In the answer's own callback: what follows may come in the same breath. */
  #join(socket: Socket): void {
    const after = this.#cursor;
    const payload = { sessionId: this.sessionId, ...(after === null ? {} : { after }) };
    socket
      .timeout(answerMs)
      .emit("session:join", payload, (failure: Error | null, answer: JoinAnswer | Answer) => {
        if (this.#socket !== socket) return;
        if (failure) this.#retry(socket);
        else if (answer.ok) this.#begin(answer as JoinAnswer, after);
        else this.#refused(socket, answer.error);
      });
  }

  #refused(socket: Socket, { code, message, retryAfterMs = 250 }: Refusal): void {
    if (code === "session_closed") {
      this.closed = true;
      this.vanish();
      return;
    }
    if (!["unavailable", "rate_limited"].includes(code))
      this.flaws.push(`${this.name} may not join: ${code}: ${message}`);
    this.putOff += 1;
    setTimeout(() => {
      if (this.#socket === socket) this.#join(socket);
    }, retryAfterMs);
  }

  #begin({ self, participants, seq, recovered, events }: JoinAnswer, after: number | null): void {
    if (!self) this.flaws.push(`${this.name} joined and is not among those present`);
    this.participantId = self?.participantId ?? this.participantId;
    this.#joined = true;
    this.joins.push(performance.now());
    if (after === null) {
      this.#cursor = seq;
      if (events.length > 0) this.flaws.push(`${this.name} was sent events before any were asked for`);
    } else {
      if (!recovered)
        this.flaws.push(`${this.name} came back after ${after} and was not told what was missed`);
      for (const event of events) this.#take(event);
      if (this.#cursor !== seq)
        this.flaws.push(`${this.name} was told up to ${this.#cursor} of ${seq} on coming back`);
      const expected = this.view.people().map(({ participantId }) => participantId);
      const told = participants.map(({ participantId }) => participantId).toSorted();
      if (expected.join() !== told.join())
        this.flaws.push(
          `${this.name}: by the events up to ${seq}, ${expected.length} people are present; by the snapshot, ${told.length}`,
        );
    }
    this.view.reset(participants);
  }

  #hear(socket: Socket, name: string, payload: unknown): void {
    if (this.#socket !== socket || typeof payload !== "object" || payload === null) return;
    const at = performance.now();
    if ("seq" in payload && name !== "admission:granted") {
      const event = payload as RoomEvent;
      if (!this.#joined) this.flaws.push(`${this.name} was sent ${name} before the join was answered`);
      this.#take(event);
      this.#measure(event, at);
      if (["session:ended", "session:cancelled", "session:no_show"].includes(event.type)) this.closed = true;
    } else if (name === "connection:closing") {
      this.closings.push({ ...(payload as { code: string; reconnect: boolean }), at });
    } else if (name === "hub:draining") {
      this.drains.push({ ...(payload as { reconnectInMs: number }), at });
    } else if (this.#joined && "participantId" in payload) {
      const passing = payload as Passing;
      this.view.applyPassing(name, passing);
      if (name === "presence:changed") this.presence.push({ ...passing, at });
    }
  }

  #take(event: RoomEvent): void {
    const expected = this.cursor + 1;
    if (event.seq !== expected)
      this.flaws.push(`${this.name} was sent event ${event.seq} where ${expected} comes`);
    this.#cursor = event.seq;
    this.events.push(event);
    this.heardAt.push(performance.now());
    this.view.apply(event);
  }

  #measure({ type, data }: RoomEvent, at: number): void {
    if (type !== "message:posted") return;
    const sentAt = Number.parseFloat((data as { text: string }).text);
    if (sentAt > 0) this.latencies.push({ at, ms: at - sentAt });
  }
}
