import type { Actor, ParticipantRole } from "./principal.ts";
import type { Absent, Outcome, Session } from "./session.ts";

export type LeaveReason = "left" | "lost" | "removed" | "closed";

/** What each durable event of a room carries. */
export type RoomEventData = {
  "session:scheduled": { session: Session };
  "session:rescheduled": { session: Session };
  "session:started": { session: Session; reason?: string };
  "session:ended": { session: Session; reason?: string };
  "session:cancelled": { session: Session; reason?: string };
  "session:no_show": { session: Session; reason?: string; absent: Absent };
  "session:corrected": { session: Session; from: Outcome; by: Actor; reason: string };
  "participant:joined": { participantId: string; role: ParticipantRole; name: string; joinedAt: Date };
  "participant:left": { participantId: string; reason: LeaveReason; leftAt: Date };
  "participant:removed": { participantId: string; by: Actor };
  "message:posted": {
    messageId: string;
    participantId: string;
    name: string;
    text: string;
    clientMessageId?: string;
  };
  "summary:ready": { summary: Summary };
};

export type RoomEventType = keyof RoomEventData;

/** An event that is about to be written to a room's log. */
export type NewRoomEvent = {
  [T in RoomEventType]: { type: T; actor: Actor; data: RoomEventData[T] };
}[RoomEventType];

/** An event of a room's log; numbered 1, 2, 3 … within its session, in commit order. Read back, dates are text. */
export type RoomEvent = {
  sessionId: string;
  seq: number;
  id: string;
  type: RoomEventType;
  at: Date;
  actor: Actor;
  data: unknown;
};

/** One visit of a person to a room: a row of the attendance. */
export type Visit = {
  sessionId: string;
  participantId: string;
  role: ParticipantRole;
  name: string;
  joinedAt: Date;
  leftAt: Date | null;
  leftReason: LeaveReason | null;
};

/** How a room stands to somebody who once asked to come in: only the last of these bars them. */
export type Admission = "waiting" | "admitted" | "removed";

/** A guest in the lobby: connected, and not let in yet. */
export type WaitingGuest = { participantId: string; name: string };

/** Whether a participant's devices can be reached at this moment. */
export type PresenceStatus = "connected" | "reconnecting";

/** A person in the room, as everyone there sees them. */
export type Participant = {
  participantId: string;
  role: ParticipantRole;
  name: string;
  joinedAt: Date;
  connections: number;
  status: PresenceStatus;
  state: Record<string, unknown>;
};

/** Somebody who attended, as the summary tells it. Minutes are rounded to the nearest whole. */
export type SummaryParticipant = {
  participantId: string;
  name: string;
  role: ParticipantRole;
  minutesPresent: number;
  visits: number;
  firstJoinedAt: Date;
  lastLeftAt: Date | null;
};

/** What happened in a closed session. */
export type Summary = {
  sessionId: string;
  generatedAt: Date;
  durationMinutes: number;
  scheduledMinutes: number;
  startedLateMinutes: number;
  participants: SummaryParticipant[];
  messageCount: number;
  text: string;
};
