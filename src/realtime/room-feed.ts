import { setImmediate as nextTurn } from "node:timers/promises";
import type { RoomNews } from "../coordination/publisher.ts";
import { DomainError, notFound } from "../domain/errors.ts";
import { type RoomState, applyRoomEvent } from "../domain/room/state.ts";
import type { Participant, RoomEvent } from "../domain/room.ts";
import type { App } from "../usecases/app.ts";
import { readLastSeqs, readLog, readRooms } from "../usecases/rooms/read.ts";

/** A room as this node follows it. */
type Room = {
  sessionId: string;
  /** As of the newest event that this node has passed on; null until it was first read. */
  state: RoomState | null;
  /** The newest events, oldest first and without gaps. */
  recent: RoomEvent[];
  /** How many want it followed. */
  holds: number;
  opening: Promise<void> | null;
  catchingUp: Promise<void> | null;
  /** Something newer than what the present reading has read. */
  behind: boolean;
  /** Who waits for an event to have been passed on. */
  awaiting: { seq: number; resolve: () => void }[];
};

export type RoomFeedHooks = {
  /** Hears of a room that is about to be followed from here on; nothing of it is passed on before this resolves. */
  beforeOpen: (state: RoomState) => Promise<void>;
  /** Hears of a room that is followed from now on, before whoever opened it goes on. */
  afterOpen: (state: RoomState) => Promise<void>;
  /** Hears every event of the rooms that are followed, each once and in order, with the room as it is after it. */
  onEvent: (event: RoomEvent, state: RoomState) => void;
};

const recentLimit = 256;
const readLimit = 500;

/** How often the node compares its rooms with the log: a hint that was lost is made good within this time. */
const compareMs = 3_000;

/** How long somebody waits for an event that was committed to be passed on. */
const reachMs = 5_000;

/** More missed events than this are not sent in one answer: such a client starts from the snapshot. */
const maxMissed = 1_000;

/**
 * The rooms that this node serves, each kept as its log says. The log is the truth and what other nodes publish a hint:
 * an event that follows on is passed on at once, a gap is read from the log, and every few seconds all rooms are compared
 * with it.
 */
export class RoomFeed {
  readonly #app: App;
  readonly #hooks: RoomFeedHooks;
  readonly #rooms = new Map<string, Room>();
  readonly #timer: NodeJS.Timeout;
  readonly #stopListening: () => void;
  #comparing: Promise<void> | null = null;
  #reading: { sessionIds: Set<string>; result: Promise<Map<string, RoomState>> } | null = null;

  constructor(app: App, hooks: RoomFeedHooks) {
    this.#app = app;
    this.#hooks = hooks;
    this.#stopListening = app.publisher.onRoomNews((news) => this.#hear(news));
    this.#timer = setInterval(() => this.#compare(), compareMs);
  }

  /**
   * Follows a room until the returned function is called.
   * @throws DomainError `not_found` for a session that does not exist
   */
  async open(sessionId: string): Promise<() => void> {
    const room = this.#rooms.get(sessionId) ?? newRoom(sessionId);
    this.#rooms.set(sessionId, room);
    room.holds += 1;
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      room.holds -= 1;
      if (room.holds === 0 && this.#rooms.get(sessionId) === room) this.#rooms.delete(sessionId);
    };
    try {
      if (!room.state) {
        room.opening ??= this.#read(room).finally(() => {
          room.opening = null;
        });
        await room.opening;
      }
      return release;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** True for a room that is followed, or about to be. */
  follows(sessionId: string): boolean {
    return this.#rooms.has(sessionId);
  }

  /** The room as this node has passed it on; null for one that is not followed. */
  stateOf(sessionId: string): RoomState | null {
    return this.#rooms.get(sessionId)?.state ?? null;
  }

  /** Every room that is followed. */
  states(): RoomState[] {
    return [...this.#rooms.values()].flatMap(({ state }) => state ?? []);
  }

  /** Notes what presence says of somebody in a room; nothing for one who is not in it. */
  patch(
    sessionId: string,
    participantId: string,
    change: Partial<Pick<Participant, "connections" | "status" | "state">>,
  ): void {
    const room = this.#rooms.get(sessionId);
    const participant = room?.state?.participants.get(participantId);
    if (!room?.state || !participant) return;
    const participants = new Map(room.state.participants).set(participantId, { ...participant, ...change });
    room.state = { ...room.state, participants };
  }

  /**
   * Waits until an event that has been committed was passed on here.
   * @throws DomainError `unavailable` when that takes too long
   */
  async reach(sessionId: string, seq: number): Promise<void> {
    const room = this.#rooms.get(sessionId);
    if (!room?.state || room.state.seq >= seq) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { seq, resolve };
    room.awaiting.push(waiting);
    // Its news may be on their way, or lost.
    if (room.state.seq + 1 < seq) this.#catchUp(room);
    const timer = setTimeout(() => reject(late()), reachMs);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      room.awaiting = room.awaiting.filter((one) => one !== waiting);
    }
  }

  /**
   * Refuses a seq that no event of the log has, which this node may not have heard of yet.
   * @throws DomainError `invalid_request`
   */
  async requireSeq(sessionId: string, seq: number): Promise<void> {
    const known = this.stateOf(sessionId)?.seq ?? 0;
    if (seq <= known) return;
    const newest = (await readLastSeqs(this.#app, [sessionId])).get(sessionId) ?? 0;
    if (seq > newest) throw beyond(newest);
  }

  /**
   * The events after a seq from the log, as far as {@link recentSince} does not have them.
   * @returns null when more was missed than is sent at once, or the log does not go back that far
   */
  async readMissed(sessionId: string, after: number): Promise<RoomEvent[] | null> {
    const events: RoomEvent[] = [];
    for (;;) {
      const state = this.stateOf(sessionId);
      if (!state) throw notFound("session");
      if (state.seq - after > maxMissed) return null;
      const from = after + events.length;
      if (this.recentSince(sessionId, from)) return events;
      const limit = Math.min(readLimit, state.seq - from);
      const next = await readLog(this.#app, { sessionId, after: from, limit });
      if (next[0]?.seq !== from + 1) return null;
      events.push(...next);
    }
  }

  /** The events after a seq up to the newest that was passed on; null when they reach too far back. */
  recentSince(sessionId: string, after: number): RoomEvent[] | null {
    const room = this.#rooms.get(sessionId);
    if (!room?.state) return null;
    const oldest = room.state.seq - room.recent.length;
    return after >= oldest ? room.recent.slice(after - oldest) : null;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopListening();
    await this.#comparing;
    const rooms = [...this.#rooms.values()];
    await Promise.allSettled(rooms.map(async ({ opening }) => opening));
    await Promise.all(rooms.map(async ({ catchingUp }) => catchingUp));
    this.#rooms.clear();
  }

  async #read(room: Room): Promise<void> {
    room.behind = false;
    const state = (await this.#readTogether(room.sessionId)).get(room.sessionId);
    if (!state) throw notFound("session");
    await this.#hooks.beforeOpen(state);
    room.state = state;
    // Something was heard while this was read, and may not be in it.
    if (room.behind) this.#catchUp(room);
    await this.#hooks.afterOpen(state);
  }

  /** Rooms that are opened in one turn of the event loop are read together. */
  #readTogether(sessionId: string): Promise<Map<string, RoomState>> {
    if (!this.#reading) {
      const sessionIds = new Set<string>();
      const result = nextTurn().then(() => {
        this.#reading = null;
        return readRooms(this.#app, [...sessionIds]);
      });
      this.#reading = { sessionIds, result };
    }
    this.#reading.sessionIds.add(sessionId);
    return this.#reading.result;
  }

  #hear({ sessionId, events }: RoomNews): void {
    const room = this.#rooms.get(sessionId);
    if (!room) return;
    if (!room.state) room.behind = true;
    for (const event of events) {
      if (room.state && event.seq > room.state.seq + 1) return this.#catchUp(room);
      this.#deliver(room, event);
    }
  }

  /** Passes on the event that comes next; any other one has been passed on, or will be in its turn. */
  #deliver(room: Room, event: RoomEvent): void {
    if (!room.state || event.seq !== room.state.seq + 1) return;
    room.state = applyRoomEvent(room.state, event);
    room.recent.push(event);
    if (room.recent.length > recentLimit) room.recent.shift();
    this.#hooks.onEvent(event, room.state);
    for (const { seq, resolve } of room.awaiting) if (seq <= event.seq) resolve();
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
    while (room.behind && room.state) {
      room.behind = false;
      const { sessionId } = room;
      const events = await readLog(this.#app, { sessionId, after: room.state.seq, limit: readLimit });
      for (const event of events) this.#deliver(room, event);
      room.behind ||= events.length === readLimit;
    }
  }

  #compare(): void {
    if (this.#rooms.size === 0) return;
    this.#comparing ??= readLastSeqs(this.#app, [...this.#rooms.keys()])
      .then((seqs) => {
        for (const room of this.#rooms.values())
          if (room.state && (seqs.get(room.sessionId) ?? 0) > room.state.seq) this.#catchUp(room);
      })
      .catch((error: unknown) =>
        this.#app.log.warn({ err: error }, "the rooms could not be compared with the log"),
      )
      .finally(() => {
        this.#comparing = null;
      });
  }
}

const newRoom = (sessionId: string): Room => ({
  sessionId,
  state: null,
  recent: [],
  holds: 0,
  opening: null,
  catchingUp: null,
  behind: false,
  awaiting: [],
});

const beyond = (newest: number): DomainError => {
  const message = `is beyond the newest event, ${newest}`;
  return new DomainError("invalid", "invalid_request", `after ${message}`, {
    facts: { errors: [{ path: "after", message }] },
  });
};

const late = (): DomainError =>
  new DomainError("unavailable", "unavailable", "The room is too busy to be joined at this moment.", {
    facts: { retryAfterMs: 500 },
  });
