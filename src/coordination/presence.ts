import type { PresenceStatus } from "../domain/room.ts";

/** One socket of one person in one room, or in its lobby. */
export type RoomConnection = { sessionId: string; participantId: string; connectionId: string };

/** What a person shows the room of themselves, such as a raised hand. */
export type PersonState = Record<string, unknown>;

/** A person in a room as presence knows them; who they are stands in the attendance. */
export type PresenceEntry = {
  participantId: string;
  connections: number;
  status: PresenceStatus;
  state: PersonState;
};

/** The person who has to come back before the deadline. */
export type Awaited = { sessionId: string; participantId: string };

/**
 * Which connections are in which rooms, on all nodes. Attendance, in the database, says who is in a room;
 * presence says whether their devices can be reached, and how long to wait for those that cannot.
 * Every change is atomic: of two nodes that change one person at once, each sees the other's change or is seen.
 *
 * Presence may be lost, and that is not absence. From then on it is `unsettled`: it takes what nodes tell it, but judges
 * nobody, so {@link count} and {@link read} refuse and {@link due} names none. Once every node has told its connections
 * anew, somebody makes sure that everybody in the attendance is awaited, and settles it.
 */
export interface Presence {
  /**
   * Adds a connection; again for one that is there changes nothing. Ends the wait for this person. `state` is taken
   * where none is known. `before` is the person's status just before, null for somebody who was not in the room.
   */
  connect(
    connection: RoomConnection,
    state?: PersonState,
  ): Promise<{ connections: number; before: PresenceStatus | null }>;

  /**
   * Takes a connection away; one that is not there changes nothing (`changed` false). When it was the person's
   * last one, they are `reconnecting`, and due after `graceMs` unless they connect.
   */
  disconnect(connection: RoomConnection, graceMs: number): Promise<{ connections: number; changed: boolean }>;

  /** Replaces what a person shows. @returns false for somebody whom presence does not know in the room */
  update(sessionId: string, participantId: string, state: PersonState): Promise<boolean>;

  /**
   * Waits for people who are in the attendance but have no connection, as after a restart of the hub. Changes
   * nothing for those who are connected or already awaited.
   */
  expect(awaited: readonly Awaited[], graceMs: number): Promise<void>;

  /** How many connections the person has in the room. @throws DomainError `unavailable` while unsettled */
  count(sessionId: string, participantId: string): Promise<number>;

  /** Everybody whom presence knows in the room. @throws DomainError `unavailable` while unsettled */
  read(sessionId: string): Promise<PresenceEntry[]>;

  /**
   * The people whose wait is over, at most `limit`. They stay due until forgotten, so that a leave that could
   * not be written is tried again; several nodes may see the same person due.
   */
  due(limit: number): Promise<Awaited[]>;

  /**
   * Forgets a person who left and ends the wait for them. One who is connected stays: they came back meanwhile,
   * and a leave must never take a new connection with it.
   */
  forget(sessionId: string, participantId: string): Promise<void>;

  /** Forgets everybody in a room that has closed. */
  clear(sessionId: string): Promise<void>;

  /**
   * Tells the others that this node lives, and takes away the connections of nodes that went silent, whose
   * people have `graceMs` to come back. To be called before the first connection, and then about every second.
   * @param told whether presence knows every connection of this node
   */
  heartbeat(options: { graceMs: number; told: boolean }): Promise<Heartbeat>;

  /** Presence may judge again. Right after everybody in the attendance is awaited. */
  settle(): Promise<void>;

  /** Stops; the connections of this node stay until they are taken away or its lease ends. */
  close(): Promise<void>;
}

export type Heartbeat = {
  /** This node itself had been taken for dead, or presence was lost: its connections have to be told anew. */
  lapsed: boolean;
  /** Where connections went with a dead node. */
  changed: string[];
  /** `told`: unsettled, and every node has told its connections. */
  state: "settled" | "unsettled" | "told";
};
