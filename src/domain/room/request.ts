import type { NewOutboxEntry } from "../outbox.ts";
import type { Actor, ParticipantRole } from "../principal.ts";
import type { Admission, NewRoomEvent, Visit } from "../room.ts";
import type { Session } from "../session.ts";

/** Who somebody is in a room. */
export type Person = { participantId: string; role: ParticipantRole; name: string };

export const actorOfPerson = ({ role, participantId, name }: Person): Actor => ({
  type: role,
  id: participantId,
  name,
});

/** What is asked of a room by those who are in it, or want to be. */
export type RoomRequest = JoinRequest | MessageRequest;
export type JoinRequest = { kind: "join"; person: Person };
export type MessageRequest = { kind: "message"; person: Person; text: string; clientMessageId: string };

/** The settings that decide. */
export type RoomRules = {
  joinEarlyMinutes: number;
  roomCapacity: number;
  autoStart: "both_present" | "manual";
};

/** Where a message stands in the room's log, and its id. */
export type PostedMessage = { seq: number; messageId: string };

/**
 * A room that a transaction has locked and read, as far as its requests are about it. It is kept true while they are
 * decided one after another: each sees what those before it did.
 */
export type LockedRoom = {
  session: Session;
  now: Date;
  /** Guests wait until the coach admits them. */
  requiresAdmission: boolean;
  /** The roles of those in the room, by their ids. */
  present: Map<string, ParticipantRole>;
  admissions: Map<string, Admission>;
  /** What was posted under ids of its sender's, by {@link messageKey}. */
  messages: Map<string, PostedMessage>;
};

export const messageKey = (participantId: string, clientMessageId: string): string =>
  `${participantId} ${clientMessageId}`;

/** What a request comes to, to be written. Events carry their numbers. */
export type RoomChanges = {
  visits: Omit<Visit, "leftAt" | "leftReason">[];
  events: { seq: number; event: NewRoomEvent }[];
  outbox: NewOutboxEntry[];
  /** Guests who have come to the lobby. */
  waiting: Person[];
};

export const noChanges = (): RoomChanges => ({ visits: [], events: [], outbox: [], waiting: [] });

/** Gives events the numbers that follow, in the locked room and in what is written. */
export const append = (room: LockedRoom, changes: RoomChanges, event: NewRoomEvent): number => {
  const seq = room.session.lastSeq + 1;
  room.session = { ...room.session, lastSeq: seq };
  const numbered =
    "session" in event.data ? { ...event, data: { ...event.data, session: room.session } } : event;
  changes.events.push({ seq, event: numbered as NewRoomEvent });
  return seq;
};
