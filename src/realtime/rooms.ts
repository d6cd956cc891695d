import type { RoomConnection } from "../coordination/presence.ts";
import { DomainError } from "../domain/errors.ts";
import { type RoomState, sessionOf } from "../domain/room/state.ts";
import type { Principal } from "../domain/principal.ts";
import type { RoomEvent } from "../domain/room.ts";
import { isClosed } from "../domain/session.ts";
import type { App } from "../usecases/app.ts";
import type { RequestContext } from "../usecases/context.ts";
import { refusalOf } from "../usecases/failures.ts";
import { disconnectFromRoom } from "../usecases/rooms/disconnect.ts";
import { type JoinedRoom, joinRoom } from "../usecases/rooms/join.ts";
import { leaveRoom } from "../usecases/rooms/leave.ts";
import { enterLobby, inLobby, leaveLobby, lobbyOf } from "../usecases/rooms/lobby.ts";
import { personOf as personRoomOf, roomOf } from "./audience.ts";
import type { Connection, Membership } from "./connection.ts";
import type { Outcome } from "./outcome.ts";
import type { PresenceFeed } from "./presence-feed.ts";
import type { PresenceKeeper } from "./presence-keeper.ts";
import type { RoomFeed } from "./room-feed.ts";

/** How long those who were in a room that closed are still sent its events: until the summary, or this long. */
const afterglowMs = 60_000;

/** What a room says as it closes. */
const closingEvents: ReadonlySet<RoomEvent["type"]> = new Set([
  "session:ended",
  "session:cancelled",
  "session:no_show",
]);

export type RoomsOptions = {
  feed: RoomFeed;
  presence: PresenceFeed;
  keeper: PresenceKeeper;
};

export type JoinInput = { sessionId: string; after?: number | undefined };

/** The connections of this node in the rooms of their sessions: how they come in, wait, leave and are let go. */
export class Rooms {
  readonly #app: App;
  readonly #options: RoomsOptions;
  /** The connections of this node at each room, those in its lobby among them. */
  readonly #here = new Map<string, Set<Connection>>();
  readonly #afterglows = new Map<string, NodeJS.Timeout>();

  constructor(app: App, options: RoomsOptions) {
    this.#app = app;
    this.#options = options;
  }

  /**
   * Brings a connection into a room, or into its lobby. The answer is the room as it stands; every event after its `seq`
   * follows in order. With `after`, it carries the events since.
   * @throws DomainError what keeps the person out
   */
  async join(connection: Connection, context: RequestContext, input: JoinInput): Promise<Outcome> {
    const { sessionId, after } = input;
    const { feed } = this.#options;
    const release = await feed.open(sessionId);
    try {
      if (after !== undefined) await feed.requireSeq(sessionId, after);
      const joined = await this.#knock(connection, context, { sessionId, release });
      if (joined.waiting) return { answer: { waiting: true } };
      // On a connection that was in the room: it starts anew from the answer, and gets nothing twice.
      void connection.socket.leave(roomOf(sessionId));
      return await this.#snapshot(connection, joined, input);
    } catch (error) {
      const membership = connection.memberships.get(sessionId);
      if (membership?.release !== release) release();
      // It is in the room by this join, and was not told so: then it is not in the room.
      else await this.#putOut(connection, membership);
      throw error;
    }
  }

  /** Takes a connection out of a room at its own wish: with a person's last one they leave at once. */
  async leave(connection: Connection, sessionId: string, requestId: string): Promise<void> {
    const membership = connection.memberships.get(sessionId);
    if (!membership) return;
    const place = placeOf(connection, membership);
    this.#forget(connection, sessionId);
    if (membership.stands === "waiting") await this.#putOut(connection, membership);
    if (membership.stands === "inside")
      await this.#options.keeper.surely(place, () => this.#leaveForGood(place, requestId));
  }

  /** Takes a connection that ended out of all its rooms. */
  async drop(connection: Connection): Promise<void> {
    const [rooms, lobbies] = [connection.rooms(), connection.lobbies()];
    for (const sessionId of connection.memberships.keys()) this.#forget(connection, sessionId);
    await Promise.all([
      ...rooms.map((room) => this.#disconnect(room)),
      // A knock may have told presence of the room as well.
      ...lobbies.flatMap((lobby) => [this.#leaveLobby(lobby), this.#disconnect(lobby)]),
    ]);
  }

  /**
   * Tells presence anew what it may have forgotten of a connection, and brings its person back if they have left.
   * @throws what keeps it from being told for the moment: then it is to be tried again
   */
  async rejoin(connection: Connection, context: RequestContext): Promise<void> {
    for (const membership of connection.memberships.values()) {
      if (membership.stands === "inside") await this.#rejoinRoom(connection, context, membership);
    }
    for (const lobby of connection.lobbies()) {
      const name = connection.principal.kind === "ticket" ? connection.principal.name : "";
      await enterLobby(this.#app, lobby, { name });
    }
  }

  async #rejoinRoom(connection: Connection, context: RequestContext, membership: Membership): Promise<void> {
    const { sessionId, participantId } = membership;
    const state = this.#options.feed.stateOf(sessionId);
    if (!state) return;
    const shown = state.participants.get(participantId)?.state;
    const input = { session: state.session, connectionId: connection.id, ...(shown ? { state: shown } : {}) };
    try {
      const joined = await joinRoom(this.#app, context, input);
      if (!joined.presence) throw new DomainError("unavailable", "unavailable", "Presence cannot be told.");
      this.#app.publisher.publishPresenceNews(sessionId);
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind === "unavailable") throw error;
      await this.#disconnect(placeOf(connection, membership));
      // A room that closed tells so itself. One that filled up, or whose coach sent them out, takes them in no more.
      if (error.code === "session_closed") return;
      this.#forget(connection, sessionId);
      connection.socket.emit("admission:refused", { sessionId, code: error.code, message: error.detail });
    }
  }

  /** Knocks again for those who wait in the lobby of a room: they may have been admitted, or sent away. */
  knockAgain(sessionId: string, contextOf: (connection: Connection) => RequestContext): void {
    for (const connection of this.#here.get(sessionId) ?? []) {
      if (connection.memberships.get(sessionId)?.stands !== "waiting") continue;
      connection.enqueue(() => this.#enterFromLobby(connection, contextOf(connection), sessionId));
    }
  }

  /** The sessions in whose lobbies somebody of this node waits. */
  lobbies(): string[] {
    return [...this.#here].flatMap(([sessionId, connections]) =>
      [...connections].some(({ memberships }) => memberships.get(sessionId)?.stands === "waiting")
        ? [sessionId]
        : [],
    );
  }

  /** Acts on an event that closes a door, after everybody was sent it. */
  onEvent({ sessionId, seq, type, data }: RoomEvent): void {
    if (closingEvents.has(type)) this.#close(sessionId);
    // Later, so that everybody has been sent the summary itself.
    if (type === "summary:ready") setImmediate(() => this.#letGo(sessionId));
    if (type === "participant:removed")
      this.#sendOut({ sessionId, seq, participantId: (data as { participantId: string }).participantId });
  }

  close(): void {
    for (const timer of this.#afterglows.values()) clearTimeout(timer);
  }

  /** Asks for a connection to be let in, and takes it out of presence again when it is not. */
  async #knock(
    connection: Connection,
    context: RequestContext,
    { sessionId, release }: { sessionId: string; release: () => void },
  ): Promise<JoinedRoom> {
    const state = this.#options.feed.stateOf(sessionId);
    if (!state) throw new DomainError("unavailable", "unavailable", "The room is not followed here.");
    const { keeper, presence } = this.#options;
    const place = {
      sessionId,
      participantId: participantIdOf(connection.principal),
      connectionId: connection.id,
    };
    const before = connection.memberships.get(sessionId)?.stands;
    try {
      const joined = await joinRoom(this.#app, context, {
        session: state.session,
        connectionId: connection.id,
      });
      const { participantId, role, name } = joined.person;
      if (joined.waiting) {
        await enterLobby(this.#app, place, { name });
        this.#place(connection, { sessionId, participantId, role, stands: "waiting", since: 0, release });
        return joined;
      }
      this.#place(connection, {
        sessionId,
        participantId,
        role,
        stands: "inside",
        since: joined.seq,
        release,
      });
      if (before === "waiting") await this.#leaveLobby(place);
      if (!joined.presence) keeper.lapse();
      else if (joined.presence.before !== null) {
        this.#app.publisher.publishPresenceNews(sessionId);
        await presence.look(sessionId);
      }
      if (role === "coach") await presence.look(lobbyOf(sessionId));
      return joined;
    } catch (error) {
      if (!connection.memberships.has(sessionId)) {
        await this.#disconnect(place);
        if (isGuest(connection.principal)) await this.#leaveLobby(place);
      }
      throw error;
    }
  }

  /**
   * The answer to one who is in: the room as this node has passed it on at the moment of the answer, from which on the
   * socket hears what follows.
   */
  async #snapshot(
    connection: Connection,
    joined: JoinedRoom & { waiting: false },
    { sessionId, after }: JoinInput,
  ): Promise<{ answer: () => Record<string, unknown>; afterwards: () => void }> {
    const { feed, presence } = this.#options;
    const { participantId, role } = joined.person;
    await feed.reach(sessionId, joined.seq);
    const missed = after === undefined ? [] : await feed.readMissed(sessionId, after);
    this.#requireInside(connection, { sessionId, participantId });
    return {
      answer: () => {
        const { state, membership } = this.#requireInside(connection, { sessionId, participantId });
        // It may have closed before this node followed it: then nobody else here will say so.
        if (isClosed(state.session.status)) membership.stands = "closed";
        const since = missed?.at(-1)?.seq ?? after;
        const recent = since === undefined ? [] : feed.recentSince(sessionId, since);
        const events = missed && recent ? [...missed, ...recent] : null;
        const recovered = events !== null && sizeOf(events) <= maxMissedBytes;
        return {
          ...snapshotOf(state),
          self: state.participants.get(participantId) ?? null,
          recovered,
          events: recovered ? events : [],
          ...(role === "coach" ? { waiting: presence.waitingIn(sessionId) } : {}),
        };
      },
      afterwards: () =>
        void connection.socket.join([roomOf(sessionId), personRoomOf(sessionId, participantId)]),
    };
  }

  /** @throws DomainError `unavailable` for one who was sent out since they joined: asked again, they are told why */
  #requireInside(
    connection: Connection,
    { sessionId, participantId }: { sessionId: string; participantId: string },
  ): { state: RoomState; membership: Membership } {
    const state = this.#options.feed.stateOf(sessionId);
    const membership = connection.memberships.get(sessionId);
    const isInside = state && (state.participants.has(participantId) || isClosed(state.session.status));
    if (membership && isInside) return { state, membership };
    throw new DomainError("unavailable", "unavailable", "The room has moved on; join again.", {
      facts: { retryAfterMs: 100 },
    });
  }

  async #enterFromLobby(connection: Connection, context: RequestContext, sessionId: string): Promise<void> {
    const membership = connection.memberships.get(sessionId);
    if (membership?.stands !== "waiting") return;
    const lobby = placeOf(connection, membership);
    try {
      const state = this.#options.feed.stateOf(sessionId);
      if (!state) return;
      const joined = await joinRoom(this.#app, context, {
        session: state.session,
        connectionId: connection.id,
      });
      if (joined.waiting) {
        await enterLobby(this.#app, lobby, joined.person);
        return;
      }
      membership.stands = "inside";
      membership.since = joined.seq;
      if (!joined.presence) this.#options.keeper.lapse();
      await this.#leaveLobby(lobby);
      const { answer, afterwards } = await this.#snapshot(connection, joined, { sessionId });
      const { recovered: _recovered, events: _events, ...snapshot } = answer();
      connection.socket.emit("admission:granted", { sessionId, ...snapshot });
      afterwards();
    } catch (error) {
      const refusal = refusalOf(error);
      if (!refusal || refusal.kind === "unavailable") {
        // It is tried again with the next comparison.
        membership.stands = "waiting";
        throw error;
      }
      await this.#putOut(connection, membership);
      connection.socket.emit("admission:refused", { sessionId, code: refusal.code, message: refusal.detail });
    }
  }

  /** Takes a connection that may not be in a room, or not wait for it, out of both. */
  async #putOut(connection: Connection, membership: Membership): Promise<void> {
    const place = placeOf(connection, membership);
    this.#forget(connection, membership.sessionId);
    await Promise.all([this.#disconnect(place), this.#leaveLobby(place)]);
  }

  #disconnect(place: RoomConnection): Promise<void> {
    return this.#options.keeper.surely(place, async () => {
      await disconnectFromRoom(this.#app, place);
    });
  }

  async #leaveLobby(place: RoomConnection): Promise<void> {
    await this.#options.keeper.surely(inLobby(place), () => leaveLobby(this.#app, place));
  }

  async #leaveForGood(place: RoomConnection, requestId: string): Promise<void> {
    const { sessionId, participantId } = place;
    const left = await disconnectFromRoom(this.#app, place, { isLeaving: true });
    if ((left ?? 0) === 0)
      await leaveRoom(this.#app, { sessionId, participantId, reason: "left", requestId });
  }

  #close(sessionId: string): void {
    for (const connection of this.#here.get(sessionId) ?? []) {
      const membership = connection.memberships.get(sessionId);
      if (membership?.stands === "inside") membership.stands = "closed";
    }
    clearTimeout(this.#afterglows.get(sessionId));
    this.#afterglows.set(
      sessionId,
      setTimeout(() => this.#letGo(sessionId), afterglowMs),
    );
  }

  #letGo(sessionId: string): void {
    clearTimeout(this.#afterglows.get(sessionId));
    this.#afterglows.delete(sessionId);
    for (const connection of this.#here.get(sessionId) ?? [])
      if (connection.memberships.get(sessionId)?.stands === "closed") this.#forget(connection, sessionId);
  }

  /** Takes the connections of one who was removed out of the room; a ticket is good for nothing else. */
  #sendOut({
    sessionId,
    seq,
    participantId,
  }: {
    sessionId: string;
    seq: number;
    participantId: string;
  }): void {
    for (const connection of this.#here.get(sessionId) ?? []) {
      const membership = connection.memberships.get(sessionId);
      if (membership?.participantId !== participantId || seq <= membership.since) continue;
      const place = placeOf(connection, membership);
      // Later, so that they have been told that they were removed and have left.
      setImmediate(() => {
        this.#forget(connection, sessionId);
        void this.#disconnect(place);
        if (connection.principal.kind === "ticket") connection.close("removed");
      });
    }
  }

  #place(connection: Connection, membership: Membership): void {
    const { sessionId } = membership;
    this.#options.keeper.forget(placeOf(connection, membership));
    // One that was here already has let the room be followed already.
    connection.memberships.get(sessionId)?.release();
    connection.memberships.set(sessionId, membership);
    const here = this.#here.get(sessionId) ?? new Set();
    this.#here.set(sessionId, here.add(connection));
  }

  /** Ends what this node knows of a connection in a room; presence is told apart. */
  #forget(connection: Connection, sessionId: string): void {
    const membership = connection.memberships.get(sessionId);
    connection.memberships.delete(sessionId);
    const here = this.#here.get(sessionId);
    here?.delete(connection);
    if (here?.size === 0) this.#here.delete(sessionId);
    membership?.release();
    void connection.socket.leave(roomOf(sessionId));
    if (membership) void connection.socket.leave(personRoomOf(sessionId, membership.participantId));
  }
}

/** Bytes of missed events that are sent at once; who missed more starts from the snapshot. */
const maxMissedBytes = 512 * 1024;

const sizeOf = (events: readonly RoomEvent[]): number =>
  events.length === 0 ? 0 : Buffer.byteLength(JSON.stringify(events));

const isGuest = (principal: Principal): boolean => principal.kind === "ticket" && principal.role === "guest";

/** Under which id somebody is in rooms. */
const participantIdOf = (principal: Principal): string =>
  principal.kind === "ticket" ? principal.participantId : principal.id;

/** What is told of a room as it stands. */
export const snapshotOf = (state: RoomState) => ({
  session: sessionOf(state),
  participants: [...state.participants.values()],
  seq: state.seq,
});

const placeOf = (
  { id }: Pick<Connection, "id">,
  { sessionId, participantId }: Membership,
): RoomConnection => ({ sessionId, participantId, connectionId: id });
