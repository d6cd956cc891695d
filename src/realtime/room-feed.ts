import type { RoomNews } from "../coordination/publisher.ts";
import type { RoomEvent } from "../domain/room.ts";
import type { App } from "../usecases/app.ts";
import { readLastSeqs, readLog } from "../usecases/rooms/read.ts";

/** Somebody who is sent a room's events, each once and in order. */
export type Subscriber = { id: string; send: (event: RoomEvent) => void };

type Room = {
  sessionId: string;
  /** The newest event that this node has passed on; null until the log was first looked at. */
  cursor: number | null;
  subscribers: Map<string, Subscriber & { cursor: number }>;
  /** The newest events, oldest first and without gaps, for those who subscribe from a little earlier. */
  recent: RoomEvent[];
  /** How many are about to subscribe: their room is kept. */
  holds: number;
  catchingUp: Promise<void> | null;
  /** Something newer than what the present catching up has read. */
  behind: boolean;
};

const recentLimit = 256;
const readLimit = 500;

/** How often the node compares its rooms with the log: a hint that was lost is made good within this time. */
const compareMs = 3_000;

/**
 * The rooms that this node serves. The log is the truth and what other nodes publish a hint: an event that follows
 * on is passed on at once, a gap is read from the log, and every few seconds all rooms are compared with it.
 */
export class RoomFeed {
  readonly #app: App;
  readonly #onEvent: (event: RoomEvent) => void;
  readonly #rooms = new Map<string, Room>();
  readonly #timer: NodeJS.Timeout;
  readonly #stopListening: () => void;
  #comparing: Promise<void> | null = null;

  /** `onEvent` hears every event of the rooms that this node serves, once, after the subscribers. */
  constructor(app: App, onEvent: (event: RoomEvent) => void) {
    this.#app = app;
    this.#onEvent = onEvent;
    this.#stopListening = app.publisher.onRoomNews((news) => this.#hear(news));
    this.#timer = setInterval(() => this.#compare(), compareMs);
  }

  /**
   * Starts to follow a room. From here on until the returned function is called, {@link subscribe} can be given
   * any seq that was the newest one meanwhile.
   */
  async hold(sessionId: string): Promise<() => void> {
    const room = this.#rooms.get(sessionId) ?? newRoom(sessionId);
    this.#rooms.set(sessionId, room);
    room.holds += 1;
    const release = (): void => {
      room.holds -= 1;
      this.#drop(room);
    };
    try {
      if (room.cursor === null) {
        const seqs = await readLastSeqs(this.#app, [sessionId]);
        // Another one may have looked, or a hint been heard, while this one was looking.
        room.cursor ??= seqs.get(sessionId) ?? 0;
      }
      return release;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** True when everything after `seq` that this node knows of can be sent without a look into the log. */
  covers(sessionId: string, seq: number): boolean {
    const room = this.#rooms.get(sessionId);
    if (!room || room.cursor === null) return false;
    return seq >= room.cursor || (room.recent[0]?.seq ?? Number.POSITIVE_INFINITY) <= seq + 1;
  }

  /** Sends every event after `seq`; what is known already at once. The room must be held and `seq` covered. */
  subscribe(sessionId: string, subscriber: Subscriber, seq: number): void {
    const room = this.#rooms.get(sessionId);
    if (!room || !this.covers(sessionId, seq))
      throw new Error("subscribe needs a room that is held and covered");
    const member = { ...subscriber, cursor: seq };
    room.subscribers.set(subscriber.id, member);
    for (const event of room.recent) pass(member, event);
    // The caller has read further than this node has heard: the rest is on its way, or lost.
    if (room.cursor !== null && seq > room.cursor) this.#catchUp(room);
  }

  unsubscribe(sessionId: string, subscriberId: string): void {
    const room = this.#rooms.get(sessionId);
    if (!room) return;
    room.subscribers.delete(subscriberId);
    this.#drop(room);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopListening();
    await this.#comparing;
    await Promise.all([...this.#rooms.values()].map(async (room) => room.catchingUp));
    this.#rooms.clear();
  }

  #hear({ sessionId, events }: RoomNews): void {
    const room = this.#rooms.get(sessionId);
    if (!room || room.cursor === null) return;
    for (const event of events) {
      if (event.seq > room.cursor + 1) {
        this.#catchUp(room);
        return;
      }
      this.#deliver(room, event);
    }
  }

  /** Passes on the event that comes next; any other one has been passed on, or will be in its turn. */
  #deliver(room: Room, event: RoomEvent): void {
    if (room.cursor === null || event.seq !== room.cursor + 1) return;
    room.cursor = event.seq;
    room.recent.push(event);
    if (room.recent.length > recentLimit) room.recent.shift();
    for (const member of room.subscribers.values()) pass(member, event);
    this.#onEvent(event);
  }

  #catchUp(room: Room): void {
    room.behind = true;
    room.catchingUp ??= this.#readOn(room)
      .catch((error: unknown) => {
        this.#app.log.warn(
          { err: error, sessionId: room.sessionId },
          "a room could not catch up; it tries again",
        );
      })
      .finally(() => {
        room.catchingUp = null;
      });
  }

  async #readOn(room: Room): Promise<void> {
    while (room.behind && room.cursor !== null) {
      room.behind = false;
      const { sessionId, cursor } = room;
      const events = await readLog(this.#app, { sessionId, after: cursor, limit: readLimit });
      for (const event of events) this.#deliver(room, event);
      room.behind ||= events.length === readLimit;
    }
  }

  #compare(): void {
    if (this.#rooms.size === 0) return;
    this.#comparing ??= readLastSeqs(this.#app, [...this.#rooms.keys()])
      .then((seqs) => {
        for (const room of this.#rooms.values()) {
          if (room.cursor !== null && (seqs.get(room.sessionId) ?? 0) > room.cursor) this.#catchUp(room);
        }
      })
      .catch((error: unknown) =>
        this.#app.log.warn({ err: error }, "the rooms could not be compared with the log"),
      )
      .finally(() => {
        this.#comparing = null;
      });
  }

  #drop(room: Room): void {
    if (room.holds === 0 && room.subscribers.size === 0) this.#rooms.delete(room.sessionId);
  }
}

const newRoom = (sessionId: string): Room => ({
  sessionId,
  cursor: null,
  subscribers: new Map(),
  recent: [],
  holds: 0,
  catchingUp: null,
  behind: false,
});

const pass = (member: Subscriber & { cursor: number }, event: RoomEvent): void => {
  if (event.seq !== member.cursor + 1) return;
  member.cursor = event.seq;
  member.send(event);
};
