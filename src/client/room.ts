import type { Membership } from "./membership.ts";
import type { PostedMessage } from "./outbox.ts";
import type { DurableEvent, Participant, Session, WaitingPerson } from "./protocol.ts";
import type { RoomState } from "./room-state.ts";
import type { RoomEvents } from "./room-view.ts";

/** The room of a session, from the inside. It stays joined over lost connections until it is closed. */
export class Room implements AsyncIterable<DurableEvent, undefined> {
  readonly sessionId: string;
  readonly #membership: Membership;

  /** Made by `hub.join`. */
  constructor(membership: Membership) {
    this.#membership = membership;
    this.sessionId = membership.sessionId;
  }

  /** The session as the last event about it told it: its counts may be older than {@link participants}. */
  get session(): Session {
    return this.#known.session;
  }

  /** Who is in the room, by their id: a new map at each change. */
  get participants(): ReadonlyMap<string, Participant> {
    return this.#known.participants;
  }

  /** Who waits in the lobby, by their id. Coaches are told; to others it is empty. */
  get waiting(): ReadonlyMap<string, WaitingPerson> {
    return this.#known.waiting;
  }

  /** This connection's own person, as last seen in the room. */
  get self(): Participant {
    const { self, closedError } = this.#membership;
    if (!self) throw closedError;
    return this.participants.get(self.participantId) ?? self;
  }

  /** The number of the newest durable event that is part of the state. */
  get seq(): number {
    return this.#membership.view.seq;
  }

  get closed(): boolean {
    return this.#membership.isClosed;
  }

  /**
   * Calls `handler` for each event of that name. Attach handlers right after `hub.join`, before the next `await`,
   * and none is missed.
   * @returns a function that takes the handler off again
   */
  on<K extends keyof RoomEvents>(name: K, handler: (event: RoomEvents[K]) => void): () => void {
    return this.#membership.view.emitter.on(name, handler);
  }

  /**
   * The durable events after {@link seq} of now: in order, each once, none missing. Ends when the room closes. A
   * reader that is more than 1,000 events behind, or whose room was reset, gets what was queued and then the error
   * `events_missed`; a room that closes with an error ends with that one.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<DurableEvent, undefined> {
    return this.#membership.view.read();
  }

  /**
   * Posts a message, once, also when the connection is lost meanwhile: it then waits for the next one. Messages are
   * posted in the order of the calls.
   * @param text 1 to 4,000 characters
   * @throws CourtsideError the hub's refusal; `outbox_full` with 100 waiting; `closed`, or the room's own error
   */
  send(text: string): Promise<PostedMessage> {
    return quiet(this.#membership.outbox.add(text));
  }

  /**
   * Replaces this person's state, which everybody in the room sees.
   * @param state at most 1 KiB as JSON
   * @throws CourtsideError the hub's refusal; `timeout`, `connection_lost`, `closed`
   */
  update(state: Record<string, unknown>): Promise<void> {
    return quiet(
      this.#membership.ask("participant:update", { sessionId: this.sessionId, state }).then(nothing),
    );
  }

  /**
   * Passes something on to everybody else in the room, or to one of them. Who is away does not get it.
   * @throws CourtsideError the hub's refusal; `timeout`, `connection_lost`, `closed`
   */
  signal({ type, data, to }: { type: string; data?: unknown; to?: string }): Promise<void> {
    const ask = { sessionId: this.sessionId, type, ...(data === undefined ? {} : { data }) };
    return quiet(this.#membership.ask("signal", to === undefined ? ask : { ...ask, to }).then(nothing));
  }

  /**
   * Starts the session.
   * @throws CourtsideError the hub's refusal; `timeout`, `connection_lost`, `closed`
   */
  start(): Promise<Session> {
    const asked = this.#membership.ask("session:start", { sessionId: this.sessionId });
    return quiet(asked.then(({ session }) => session));
  }

  /**
   * Ends the session, which closes the room for everybody.
   * @throws CourtsideError the hub's refusal; `timeout`, `connection_lost`, `closed`
   */
  end(reason?: string): Promise<Session> {
    const ask = { sessionId: this.sessionId, ...(reason === undefined ? {} : { reason }) };
    return quiet(this.#membership.ask("session:end", ask).then(({ session }) => session));
  }

  /**
   * Lets somebody in who waits in the lobby.
   * @throws CourtsideError the hub's refusal; `timeout`, `connection_lost`, `closed`
   */
  admit(participantId: string): Promise<void> {
    const asked = this.#membership.ask("participant:admit", { sessionId: this.sessionId, participantId });
    return quiet(asked.then(nothing));
  }

  /**
   * Leaves at once, and resolves when the hub knows. A hub that cannot be reached notices by itself, after its
   * grace. Messages that wait to be sent are rejected with `closed`.
   */
  leave(): Promise<void> {
    return this.#membership.leave();
  }

  get #known(): RoomState {
    const { view, closedError } = this.#membership;
    if (!view.state) throw closedError;
    return view.state;
  }
}

const nothing = (): void => {};

/** Who does not await it is not to be ended by an unhandled rejection. */
const quiet = <T>(promise: Promise<T>): Promise<T> => {
  promise.catch(nothing);
  return promise;
};
