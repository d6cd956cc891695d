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
  /** How long after the scheduled start they first came; 0 for who was there by then. */
  lateMinutes: number;
  /** How many of their visits ended with a connection that was lost. */
  drops: number;
  messages: number;
};

/** One of the two that a session is about. */
export type Side = "coach" | "client";

/** What can be counted of a closed session. Minutes are rounded to the nearest whole. */
export type SummaryFigures = {
  outcome: "completed" | "cancelled" | "no_show";
  durationMinutes: number;
  scheduledMinutes: number;
  startedLateMinutes: number;
  /** How long coach and client were in the room at the same time. */
  togetherMinutes: number;
  /** Who did not come. */
  absent: Side[];
  /** Coach and client first, then the others in the order in which they came. */
  participants: SummaryParticipant[];
  /** How many attended; the event of a room names no more than {@link participants} has. */
  attendeeCount: number;
  messageCount: number;
};

/** A summary as people read it. */
export type SummaryWords = {
  /** Plain sentences; what a model wrote stands behind them, and says so. */
  text: string;
  /** The same as CommonMark. Whatever people or a model wrote is escaped: it makes no link, no heading, no HTML. */
  markdown: string;
  /** What a model made of chat and notes, as plain text; null where none was asked, or none answered. */
  modelText: string | null;
};

/** What happened in a closed session. */
export type Summary = { sessionId: string; generatedAt: Date } & SummaryFigures & SummaryWords;
