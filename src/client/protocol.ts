/** The live protocol as it is on the wire: instants are ISO 8601 text in UTC. */

export type SessionStatus = "scheduled" | "in_progress" | "completed" | "cancelled" | "no_show";

export type Absent = "coach" | "client" | "both";

export type Session = {
  id: string;
  bookingId: string;
  status: SessionStatus;
  coachId: string;
  clientId: string;
  startsAt: string;
  endsAt: string;
  startedAt: string | null;
  endedAt: string | null;
  endReason: string | null;
  /** Who did not come, of a no-show. */
  absent: Absent | null;
  participantCount: number;
  lastSeq: number;
  version: number;
  createdAt: string;
  updatedAt: string;
};

export type ParticipantRole = "coach" | "client" | "guest" | "observer";

/** `reconnecting`: none of their devices is connected, and they have not left yet. */
export type PresenceStatus = "connected" | "reconnecting";

/** A person in a room. `state` is what they last set with `room.update`. */
export type Participant = {
  participantId: string;
  role: ParticipantRole;
  name: string;
  joinedAt: string;
  connections: number;
  status: PresenceStatus;
  state: Record<string, unknown>;
};

/** Somebody in the lobby, whom a coach may admit. */
export type WaitingPerson = { participantId: string; name: string };

export type Actor = { type: ParticipantRole | "key" | "system"; id: string; name?: string };

export type LeaveReason = "left" | "lost" | "removed" | "closed";

export type SummaryParticipant = {
  participantId: string;
  name: string;
  role: ParticipantRole;
  minutesPresent: number;
  visits: number;
  firstJoinedAt: string;
  lastLeftAt: string | null;
  lateMinutes: number;
  drops: number;
  messages: number;
};

export type Summary = {
  sessionId: string;
  generatedAt: string;
  outcome: "completed" | "cancelled" | "no_show";
  durationMinutes: number;
  scheduledMinutes: number;
  startedLateMinutes: number;
  togetherMinutes: number;
  absent: ("coach" | "client")[];
  /** The first twelve of them; `GET /v1/sessions/{id}/summary` has all. */
  participants: SummaryParticipant[];
  attendeeCount: number;
  messageCount: number;
  text: string;
  markdown: string;
  modelText: string | null;
};

type Transitioned = { session: Session; reason?: string };

/** What each durable event carries as `data`. */
export type DurableEvents = {
  "session:scheduled": Transitioned;
  "session:rescheduled": Transitioned;
  "session:started": Transitioned;
  "session:ended": Transitioned;
  "session:cancelled": Transitioned;
  "session:no_show": Transitioned & { absent: Absent };
  "session:corrected": { session: Session; from: "completed" | "no_show"; by: Actor; reason: string };
  "participant:joined": { participantId: string; role: ParticipantRole; name: string; joinedAt: string };
  "participant:left": { participantId: string; reason: LeaveReason; leftAt: string };
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

export type DurableType = keyof DurableEvents;

/** An event of a session's log, numbered 1, 2, 3 … by `seq` within its session. */
export type DurableEvent<T extends DurableType = DurableType> = {
  [K in T]: {
    sessionId: string;
    seq: number;
    id: string;
    type: K;
    at: string;
    actor: Actor;
    data: DurableEvents[K];
  };
}[T];

/** Events that are told once and kept nowhere: who is away misses them. */
export type PassingEvents = {
  "presence:changed": {
    sessionId: string;
    participantId: string;
    status: PresenceStatus;
    connections: number;
  };
  "participant:updated": { sessionId: string; participantId: string; state: Record<string, unknown> };
  "participant:waiting": { sessionId: string; participantId: string; name: string; waiting: boolean };
  signal: { sessionId: string; from: string; to?: string; type: string; data?: unknown };
};

export type PassingType = keyof PassingEvents;

export type Snapshot = {
  session: Session;
  participants: Participant[];
  waiting?: WaitingPerson[];
};

/** The room at `seq`; `events` are those after the `after` that was asked for, `recovered` says they are all. */
export type RoomSnapshot = Snapshot & {
  self: Participant | null;
  seq: number;
  recovered: boolean;
  events: DurableEvent[];
};

export type Admission = Snapshot & { sessionId: string; self: Participant | null; seq: number };

/** What the hub may be asked, and what it answers beside `ok`. */
export type Requests = {
  "session:join": {
    ask: { sessionId: string; after?: number };
    answer: RoomSnapshot | { waiting: true };
  };
  "session:leave": { ask: { sessionId: string }; answer: object };
  "session:start": { ask: { sessionId: string; reason?: string }; answer: { session: Session } };
  "session:end": { ask: { sessionId: string; reason?: string }; answer: { session: Session } };
  "participant:update": { ask: { sessionId: string; state: Record<string, unknown> }; answer: object };
  "participant:admit": { ask: { sessionId: string; participantId: string }; answer: object };
  "message:send": {
    ask: { sessionId: string; text: string; clientMessageId: string };
    answer: { seq: number; messageId: string };
  };
  signal: { ask: { sessionId: string; to?: string; type: string; data?: unknown }; answer: object };
  "board:watch": { ask: Record<string, never>; answer: { sessions: Snapshot[] } };
  "token:refresh": { ask: { token: string }; answer: { expiresAt: string } };
  "token:renew": { ask: Record<string, never>; answer: { ticket: string; expiresAt: string } };
};

export type RequestName = keyof Requests;

/** How the hub answers a request. */
export type Acknowledgement =
  | ({ ok: true } & Record<string, unknown>)
  | { ok: false; error: { code: string; message: string; retryAfterMs?: number } };
