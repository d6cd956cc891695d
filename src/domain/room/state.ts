import type { Participant, RoomEvent } from "../room.ts";
import type { Session } from "../session.ts";

/** A room after its event number `seq`: who is in it, and how its session stands. */
export type RoomState = {
  seq: number;
  session: Session;
  participants: ReadonlyMap<string, Participant>;
};

/** How the room sees somebody who has just joined, until presence says otherwise. */
export const newcomer = { connections: 1, status: "connected", state: {} } as const;

/** The parts of events that change a room. Events that were read back have dates as text. */
type EventData = Partial<{
  session: Session;
  participantId: string;
  role: Participant["role"];
  name: string;
  joinedAt: Date | string;
}>;

/** The room after the event that follows: whoever applies the events to a snapshot has the next snapshot. */
export const applyRoomEvent = (state: RoomState, event: RoomEvent): RoomState => {
  const { session, participantId, role, name, joinedAt } = event.data as EventData;
  const next = { ...state, seq: event.seq, session: session ? withDates(session) : state.session };
  if (participantId === undefined) return next;
  if (event.type === "participant:joined" && role && name !== undefined && joinedAt) {
    const joined = { participantId, role, name, joinedAt: new Date(joinedAt), ...newcomer };
    return { ...next, participants: new Map(state.participants).set(participantId, joined) };
  }
  if (event.type !== "participant:left") return next;
  const participants = new Map(state.participants);
  participants.delete(participantId);
  return { ...next, participants };
};

/** The session as a snapshot of this state shows it. */
export const sessionOf = ({ seq, session, participants }: RoomState): Session => ({
  ...session,
  lastSeq: seq,
  participantCount: participants.size,
});

const dated = ["startsAt", "endsAt", "startedAt", "endedAt", "createdAt", "updatedAt"] as const;

const withDates = (session: Session): Session => {
  const dates = dated.map((name) => [name, session[name] === null ? null : new Date(session[name])] as const);
  return { ...session, ...Object.fromEntries(dates) };
};
