import { createEmitter } from "./emitter.ts";
import { CourtsideError } from "./error.ts";
import { type EventQueue, createEventQueue } from "./event-queue.ts";
import type { DurableEvent, DurableType, PassingEvents, RoomSnapshot } from "./protocol.ts";
import {
  type Passing,
  type RoomState,
  applyDurable,
  applyPassing,
  isPassingName,
  stateOf,
} from "./room-state.ts";

/** What a room tells, by name. Handlers run at once, after the room's state has changed. */
export type RoomEvents = { [T in DurableType]: DurableEvent<T> } & PassingEvents & {
    /** Any durable event. */
    event: DurableEvent;
    /** The session, the participants or who waits are others than before. */
    change: undefined;
    /** Events were missed that cannot be had any more: the state was taken from a new snapshot. */
    reset: undefined;
    /** The room is over for this client; null when it was left, or its session is over. */
    closed: CourtsideError | null;
  };

/** What is known of a room, kept by its snapshots and events, and told to those who listen. */
export class RoomView {
  readonly emitter = createEmitter<RoomEvents>();
  readonly #queues = new Set<EventQueue<DurableEvent>>();
  #state: RoomState | null = null;
  #seq = 0;
  #ended: { error: CourtsideError | null } | null = null;
  readonly #onSummary: () => void;

  /** `onSummary`: the summary was told, which is the last of a session. */
  constructor(onSummary: () => void) {
    this.#onSummary = onSummary;
  }

  /** Null until the first snapshot. */
  get state(): RoomState | null {
    return this.#state;
  }

  /** The newest durable event that is part of the state. */
  get seq(): number {
    return this.#seq;
  }

  read(): AsyncIterableIterator<DurableEvent, undefined> {
    const queue = createEventQueue<DurableEvent>(() => this.#queues.delete(queue));
    if (this.#ended) queue.end(this.#ended.error);
    else this.#queues.add(queue);
    return queue.iterator;
  }

  /** Lives through what was missed and takes over the snapshot; where some of it is missing, the snapshot alone. */
  install(snapshot: RoomSnapshot): void {
    const isFirst = this.#state === null;
    const missed = snapshot.events.filter(({ seq }) => seq > this.#seq);
    const isWhole = this.#seq + missed.length === snapshot.seq && missed.every(followsOn(this.#seq));
    if (!isFirst && isWhole) for (const event of missed) this.#live(event);
    if (this.#ended) return;
    this.#state = stateOf(snapshot);
    this.#seq = snapshot.seq;
    if (isFirst) return;
    if (!isWhole) {
      const error = new CourtsideError("events_missed", "The room has moved on to a new snapshot.");
      for (const queue of this.#queues) queue.end(error);
      this.emitter.emit("reset", undefined);
    }
    this.emitter.emit("change", undefined);
  }

  /**
   * Takes what came: the event that is next, or a passing one. What was there before is dropped.
   * @returns false for a durable event that is not the next one: others are missing in between
   */
  hear(name: string, payload: object): boolean {
    if (this.#ended || !this.#state) return true;
    if ("seq" in payload) {
      const event = payload as DurableEvent;
      if (event.seq > this.#seq + 1) return false;
      if (event.seq === this.#seq + 1) this.#live(event);
    } else if (isPassingName(name)) {
      const passing = { name, payload } as Passing;
      const before = this.#state;
      this.#state = applyPassing(before, passing);
      this.emitter.emit(name, passing.payload);
      if (this.#state !== before) this.emitter.emit("change", undefined);
    }
    return true;
  }

  end(error: CourtsideError | null): void {
    if (this.#ended) return;
    this.#ended = { error };
    for (const queue of this.#queues) queue.end(error);
    this.emitter.emit("closed", error);
  }

  #live(event: DurableEvent): void {
    // A handler of an event before it may have ended the room.
    if (this.#ended || !this.#state) return;
    const before = this.#state;
    this.#state = applyDurable(before, event);
    this.#seq = event.seq;
    for (const queue of this.#queues) queue.push(event);
    this.emitter.emit(event.type, event);
    this.emitter.emit("event", event);
    if (this.#state !== before) this.emitter.emit("change", undefined);
    if (event.type === "summary:ready") this.#onSummary();
  }
}

const followsOn =
  (seq: number) =>
  (event: DurableEvent, index: number): boolean =>
    event.seq === seq + index + 1;
