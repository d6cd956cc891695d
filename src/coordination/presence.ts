import type { PresenceStatus } from "../domain/room.ts";

/** One socket of one person in one room. */
export type RoomConnection = { sessionId: string; participantId: string; connectionId: string };

/** A person in a room as presence knows them; who they are stands in the attendance. */
export type PresenceEntry = { participantId: string; connections: number; status: PresenceStatus };

/** The person who has to come back before the deadline. */
export type Awaited = { sessionId: string; participantId: string };

/**
 * Which connections are in which rooms, on all nodes. Attendance, in the database, says who is in a room;
 * presence says whether their devices can be reached, and how long to wait for those that cannot.
 * Every change is atomic: of two nodes that change one person at once, each sees the other's change or is seen.
 */
export interface Presence {
  /**
   * Adds a connection; again for one that is there changes nothing. Ends the wait for this person.
   * `before` is the person's status just before, null for somebody who was not in the room.
   */
  connect(connection: RoomConnection): Promise<{ connections: number; before: PresenceStatus | null }>;

  /**
   * Takes a connection away; one that is not there changes nothing (`changed` false). When it was the person's
   * last one, they are `reconnecting`, and due after `graceMs` unless they connect.
   */
  disconnect(connection: RoomConnection, graceMs: number): Promise<{ connections: number; changed: boolean }>;

  /**
   * Waits for somebody who is in the attendance but has no connection, as after a restart of the hub. Changes
   * nothing for one who is connected or already awaited.
   */
  expect(awaited: Awaited, graceMs: number): Promise<void>;

  /** How many connections the person has in the room. */
  count(sessionId: string, participantId: string): Promise<number>;

  /** Everybody whom presence knows in the room. */
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
   * @returns `lapsed` true when this node itself had been taken for dead: its connections have to be told anew;
   *   `lost`: people whose last connection went with a dead node
   */
  heartbeat(graceMs: number): Promise<{ lapsed: boolean; lost: Awaited[] }>;

  /** Stops; the connections of this node stay until they are taken away or its lease ends. */
  close(): Promise<void>;
}
