import type { RoomNews } from "../coordination/publisher.ts";
import type { RoomState } from "../domain/room/state.ts";
import type { RoomEvent } from "../domain/room.ts";
import type { App } from "../usecases/app.ts";
import { type BoardOf, type BoardRow, boardOf, readBoard } from "../usecases/rooms/board.ts";
import { readLog } from "../usecases/rooms/read.ts";
import { type Audience, boardOf as boardRoomOf, everybody } from "./audience.ts";
import type { Connection } from "./connection.ts";
import type { Outcome } from "./outcome.ts";
import type { PresenceFeed } from "./presence-feed.ts";
import type { RoomFeed } from "./room-feed.ts";
import { snapshotOf } from "./rooms.ts";

/** A session that boards of this node follow. */
type Followed = {
  coachId: string;
  /** The newest event that the boards were told. */
  seq: number;
  /** Keeps the room followed while the boards show it, so that they see who is in it. */
  release: (() => void) | null;
  /** What is being told of it, in order. */
  telling: Promise<void>;
};

type CatchUp = { followed: Followed; upTo: number; atHand?: readonly RoomEvent[] };

/** How often the boards are compared with the log. */
const compareMs = 3_000;
const readLimit = 500;

export type BoardsOptions = { feed: RoomFeed; presence: PresenceFeed; audience: Audience };

/**
 * The boards that are watched on this node. What they show is followed as rooms are; of sessions that come later they
 * are told from the news, and from the log where it has more. Each event once and in order, whichever way it came.
 */
export class Boards {
  readonly #app: App;
  readonly #options: BoardsOptions;
  readonly #watchers = new Map<string, Set<Connection>>();
  readonly #followed = new Map<string, Followed>();
  readonly #timer: NodeJS.Timeout;
  readonly #stopListening: () => void;
  /** The boards that have been looked at before. */
  #loaded = new Set<string>();
  #comparing: Promise<void> | null = null;

  constructor(app: App, options: BoardsOptions) {
    this.#app = app;
    this.#options = options;
    this.#stopListening = app.publisher.onRoomNews((news) => this.#hear(news));
    this.#timer = setInterval(() => {
      if (this.#comparing) return;
      void this.#compare().catch((error: unknown) =>
        app.log.warn({ err: error }, "the boards could not be compared with the log"),
      );
    }, compareMs);
  }

  /**
   * Shows a connection the board of its person; every event after the answer follows.
   * @throws DomainError `forbidden` for all but coaches and admins
   */
  async watch(connection: Connection): Promise<Outcome> {
    const key = keyOf(boardOf(connection.principal));
    const watchers = this.#watchers.get(key) ?? new Set<Connection>();
    this.#watchers.set(key, watchers.add(connection));
    connection.watchesBoard = true;
    await this.#compare();
    return {
      answer: () => ({ sessions: this.#shownOn(key) }),
      afterwards: () => void connection.socket.join(boardRoomOf(key)),
    };
  }

  #shownOn(key: string) {
    const { feed, presence } = this.#options;
    const states = [...this.#followed].flatMap(([sessionId, { coachId, release }]) => {
      const state = feed.stateOf(sessionId);
      return release && state && (key === everybody || key === coachId) ? [state] : [];
    });
    states.sort((a, b) => a.session.startsAt.getTime() - b.session.startsAt.getTime());
    return states.map((state) => ({
      ...snapshotOf(state),
      waiting: presence.waitingIn(state.session.id),
    }));
  }

  /** Forgets a connection that ended. */
  unwatch(connection: Connection): void {
    if (!connection.watchesBoard) return;
    for (const [key, watchers] of this.#watchers) {
      watchers.delete(connection);
      if (watchers.size > 0) continue;
      this.#watchers.delete(key);
      this.#loaded.delete(key);
    }
    for (const [sessionId, { coachId }] of this.#followed)
      if (!this.#isWatched(coachId)) this.#unfollow(sessionId);
  }

  /** Tells the boards what happened in a room before this node follows it as one. */
  async beforeOpen({ session, seq }: RoomState): Promise<void> {
    const followed = this.#followed.get(session.id);
    if (followed) await this.#catchUp(session.id, { followed, upTo: seq });
  }

  /** Notes an event that boards are told with its room. */
  onEvent({ sessionId, seq }: RoomEvent, { session }: RoomState): void {
    const followed = this.#followed.get(sessionId);
    if (followed) followed.seq = Math.max(followed.seq, seq);
    else if (this.#isWatched(session.coachId)) this.#follow(sessionId, session.coachId, seq);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopListening();
    await this.#comparing?.catch(() => {});
    await Promise.all([...this.#followed.values()].map(({ telling }) => telling));
    for (const sessionId of this.#followed.keys()) this.#unfollow(sessionId);
  }

  #isWatched(coachId: string): boolean {
    return this.#watchers.has(coachId) || this.#watchers.has(everybody);
  }

  #follow(sessionId: string, coachId: string, seq: number): Followed {
    const followed = { coachId, seq, release: null, telling: Promise.resolve() };
    this.#followed.set(sessionId, followed);
    return followed;
  }

  #unfollow(sessionId: string): void {
    this.#followed.get(sessionId)?.release?.();
    this.#followed.delete(sessionId);
  }

  #hear({ sessionId, coachId, events }: RoomNews): void {
    const last = events.at(-1)?.seq;
    if (last === undefined || this.#options.feed.follows(sessionId)) return;
    // A session that a coach's board has not seen is new. Of everybody's, the comparison knows whether it is shown.
    const isNew = this.#loaded.has(coachId);
    const followed = this.#followed.get(sessionId) ?? (isNew ? this.#follow(sessionId, coachId, 0) : null);
    if (followed) this.#catchUpSoon(sessionId, { followed, upTo: last, atHand: events });
  }

  /**
   * Tells the boards up to an event, in order; what is not at hand is read from the log.
   * @throws when the log cannot be read
   */
  #catchUp(sessionId: string, { followed, upTo, atHand = [] }: CatchUp): Promise<void> {
    const telling = followed.telling.then(async () => {
      while (followed.seq < upTo) {
        const known = atHand.filter(({ seq }) => seq > followed.seq && seq <= upTo);
        const isNext = known[0]?.seq === followed.seq + 1;
        const range = { sessionId, after: followed.seq, limit: Math.min(readLimit, upTo - followed.seq) };
        const next = isNext ? known : await readLog(this.#app, range);
        if (next.length === 0) return;
        for (const event of next) this.#tell(followed, event);
      }
    });
    followed.telling = telling.catch(() => {});
    return telling;
  }

  #catchUpSoon(sessionId: string, catchUp: CatchUp): void {
    this.#catchUp(sessionId, catchUp).catch((error: unknown) =>
      this.#app.log.warn({ err: error, sessionId }, "a board could not catch up; it tries again"),
    );
  }

  #tell(followed: Followed, event: RoomEvent): void {
    if (event.seq !== followed.seq + 1) return;
    followed.seq = event.seq;
    const about = { sessionId: event.sessionId, coachId: followed.coachId };
    this.#options.audience.tellBoards(about, event.type, event);
  }

  /** One comparison at a time; whoever asks while one runs waits for another that begins after. */
  async #compare(): Promise<void> {
    const before = this.#comparing;
    const next = (before ?? Promise.resolve()).catch(() => {}).then(() => this.#compareNow());
    this.#comparing = next;
    try {
      await next;
    } finally {
      if (this.#comparing === next) this.#comparing = null;
    }
  }

  async #compareNow(): Promise<void> {
    const keys = [...this.#watchers.keys()];
    if (keys.length === 0) return;
    const isEverybodys = keys.includes(everybody);
    const coachIds = keys.filter((key) => key !== everybody);
    const rows = await readBoard(this.#app, { coachIds, everybody: isEverybodys });
    const listed = new Set(rows.map(({ id }) => id));
    for (const id of this.#followed.keys()) if (!listed.has(id)) this.#unfollow(id);
    await Promise.all(rows.map((row) => this.#compareRow(row)));
    this.#loaded = new Set(keys);
  }

  async #compareRow({ id, coachId, lastSeq, shown }: BoardRow): Promise<void> {
    const { feed } = this.#options;
    const isNew = !this.#followed.has(id);
    // A session that the boards have not seen is news to them from its first event on, but for the first look.
    const isNews = this.#loaded.has(coachId) || (this.#loaded.has(everybody) && shown);
    const followed = this.#followed.get(id) ?? this.#follow(id, coachId, isNews ? 0 : lastSeq);
    if (!shown) {
      followed.release?.();
      followed.release = null;
    } else if (!followed.release) {
      followed.release = await feed.open(id);
      // Whoever unfollowed it meanwhile could not let it go.
      if (this.#followed.get(id) !== followed) followed.release();
    }
    const upTo = feed.stateOf(id)?.seq ?? lastSeq;
    if (isNew || !feed.follows(id)) await this.#catchUp(id, { followed, upTo });
  }
}

const keyOf = (board: BoardOf): string => (board === "everybody" ? everybody : board.coachId);
