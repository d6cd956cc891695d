import { DomainError } from "../domain/errors.ts";
import type { RoomState } from "../domain/room/state.ts";
import { isClosed } from "../domain/session.ts";
import type { WaitingGuest } from "../domain/room.ts";
import type { App } from "../usecases/app.ts";
import { listWaiting, lobbyOf, sessionOfLobby } from "../usecases/rooms/lobby.ts";
import { missing } from "../usecases/rooms/read.ts";
import type { Audience } from "./audience.ts";
import type { RoomFeed } from "./room-feed.ts";

/** How often everything is compared with presence: a hint that was lost is made good within this time. */
const compareMs = 3_000;

/** Rooms that are compared at one time. */
const atOnce = 50;

/**
 * Tells the rooms of this node how their people can be reached. Presence is the truth and what other nodes publish a
 * hint to look there: what differs from what the room was told is told now. So applying what it is told to a snapshot
 * gives the next one, whatever was lost or late. While presence cannot say, everybody is taken to be as they were.
 */
export class PresenceFeed {
  readonly #app: App;
  readonly #feed: RoomFeed;
  readonly #audience: Audience;
  /** Rooms and lobbies that are being looked at, and whether they have to be looked at again after. */
  readonly #looking = new Map<string, { again: boolean; done: Promise<void> }>();
  readonly #waiting = new Map<string, ReadonlyMap<string, WaitingGuest>>();
  readonly #timer: NodeJS.Timeout;
  readonly #stopListening: () => void;
  #comparing: Promise<void> | null = null;

  constructor(app: App, feed: RoomFeed, audience: Audience) {
    this.#app = app;
    this.#feed = feed;
    this.#audience = audience;
    this.#stopListening = app.publisher.onPresenceNews((place) => void this.look(place));
    this.#timer = setInterval(() => {
      this.#comparing ??= this.#compare().finally(() => {
        this.#comparing = null;
      });
    }, compareMs);
  }

  /** The guests who wait, as the coach was told. */
  waitingIn(sessionId: string): WaitingGuest[] {
    return [...(this.#waiting.get(sessionId)?.values() ?? [])];
  }

  /** Looks at a room or a lobby, and tells what is new. Resolves when whatever was true at the call has been told. */
  look(place: string): Promise<void> {
    const sessionId = sessionOfLobby(place) ?? place;
    if (!this.#feed.stateOf(sessionId)) {
      this.#waiting.delete(sessionId);
      return Promise.resolve();
    }
    const under = this.#looking.get(place);
    if (under) {
      under.again = true;
      return under.done;
    }
    const looking = { again: true, done: Promise.resolve() };
    this.#looking.set(place, looking);
    looking.done = this.#lookOn(place, looking);
    return looking.done;
  }

  /** Looks at everything that this node follows. */
  async #compare(): Promise<void> {
    const states = this.#feed.states();
    const places = states.flatMap(({ session }) =>
      isClosed(session.status) ? [] : [session.id, lobbyOf(session.id)],
    );
    for (let index = 0; index < places.length; index += atOnce)
      await Promise.all(places.slice(index, index + atOnce).map((place) => this.look(place)));
    for (const sessionId of this.#waiting.keys())
      if (!this.#feed.stateOf(sessionId)) this.#waiting.delete(sessionId);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopListening();
    await this.#comparing;
    await Promise.all([...this.#looking.values()].map(({ done }) => done));
  }

  async #lookOn(place: string, looking: { again: boolean }): Promise<void> {
    const withLobby = sessionOfLobby(place);
    while (looking.again) {
      looking.again = false;
      try {
        await (withLobby === null ? this.#lookAtRoom(place) : this.#lookAtLobby(withLobby));
      } catch (error) {
        // It is looked at again with the next comparison.
        if (!(error instanceof DomainError && error.kind === "unavailable"))
          this.#app.log.error({ err: error, place }, "presence could not be looked at");
      }
    }
    // In the same turn as the last look at the flag: who asks from here on begins anew.
    this.#looking.delete(place);
  }

  async #lookAtRoom(sessionId: string): Promise<void> {
    const entries = new Map(
      (await this.#app.presence.read(sessionId)).map((entry) => [entry.participantId, entry]),
    );
    const state = this.#feed.stateOf(sessionId);
    if (!state) return;
    for (const told of state.participants.values()) {
      const { participantId } = told;
      const {
        connections,
        status,
        state: shown,
      } = entries.get(participantId) ?? { ...missing, state: told.state };
      if (connections !== told.connections || status !== told.status) {
        this.#feed.patch(sessionId, participantId, { connections, status });
        const payload = { sessionId, participantId, status, connections };
        this.#audience.tellRoom(aboutOf(state), "presence:changed", payload);
      }
      if (JSON.stringify(shown) !== JSON.stringify(told.state)) {
        this.#feed.patch(sessionId, participantId, { state: shown });
        const payload = { sessionId, participantId, state: shown };
        this.#audience.tellRoom(aboutOf(state), "participant:updated", payload);
      }
    }
  }

  async #lookAtLobby(sessionId: string): Promise<void> {
    const guests = new Map(
      (await listWaiting(this.#app, sessionId)).map((guest) => [guest.participantId, guest]),
    );
    const state = this.#feed.stateOf(sessionId);
    if (!state) return;
    const told = this.#waiting.get(sessionId) ?? new Map<string, WaitingGuest>();
    if (guests.size > 0) this.#waiting.set(sessionId, guests);
    else this.#waiting.delete(sessionId);
    const tell = (guest: WaitingGuest, waiting: boolean): void =>
      this.#audience.tellCoach(aboutOf(state), "participant:waiting", { sessionId, ...guest, waiting });
    for (const guest of guests.values()) if (!told.has(guest.participantId)) tell(guest, true);
    for (const guest of told.values()) if (!guests.has(guest.participantId)) tell(guest, false);
  }
}

/** Where something about a room is to be told. */
export const aboutOf = ({ session }: RoomState) => ({ sessionId: session.id, coachId: session.coachId });
