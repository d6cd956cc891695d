import type {
  DurableEvent,
  Participant,
  PassingEvents,
  PassingType,
  Session,
  Snapshot,
  WaitingPerson,
} from "./protocol.ts";

/** A room as it is known at one moment. Never changed: what follows is a new one. */
export type RoomState = {
  readonly session: Session;
  readonly participants: ReadonlyMap<string, Participant>;
  readonly waiting: ReadonlyMap<string, WaitingPerson>;
};

/** A passing event under its name. */
export type Passing<T extends PassingType = PassingType> = {
  [K in T]: { name: K; payload: PassingEvents[K] };
}[T];

export const stateOf = ({ session, participants, waiting = [] }: Snapshot): RoomState => ({
  session,
  participants: new Map(participants.map((participant) => [participant.participantId, participant])),
  waiting: new Map(waiting.map((person) => [person.participantId, person])),
});

/** The state after a durable event; the same object when the event changes nothing. */
export const applyDurable = (state: RoomState, event: DurableEvent): RoomState => {
  switch (event.type) {
    case "participant:joined": {
      const { participantId, role, name, joinedAt } = event.data;
      const arrived = { participantId, role, name, joinedAt, connections: 1, status: "connected", state: {} };
      const participants = new Map(state.participants).set(participantId, arrived as Participant);
      return { ...state, participants };
    }
    case "participant:left": {
      if (!state.participants.has(event.data.participantId)) return state;
      return { ...state, participants: without(state.participants, event.data.participantId) };
    }
    default:
      // Also of types that this client does not know yet.
      return "session" in event.data ? { ...state, session: event.data.session } : state;
  }
};

/** The state after a passing event; the same object when it changes nothing, as when it names nobody who is there. */
export const applyPassing = (state: RoomState, { name, payload }: Passing): RoomState => {
  switch (name) {
    case "presence:changed": {
      const { status, connections } = payload;
      return changed(state, payload.participantId, { status, connections });
    }
    case "participant:updated":
      return changed(state, payload.participantId, { state: payload.state });
    case "participant:waiting": {
      const { participantId, waiting } = payload;
      if (!waiting && !state.waiting.has(participantId)) return state;
      const rest = without(state.waiting, participantId);
      if (waiting) rest.set(participantId, { participantId, name: payload.name });
      return { ...state, waiting: rest };
    }
    case "signal":
      return state;
  }
};

const changed = (state: RoomState, participantId: string, change: Partial<Participant>): RoomState => {
  const participant = state.participants.get(participantId);
  if (!participant) return state;
  const participants = new Map(state.participants).set(participantId, { ...participant, ...change });
  return { ...state, participants };
};

const without = <T>(map: ReadonlyMap<string, T>, key: string): Map<string, T> => {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
};

export const isPassingName = (name: string): name is PassingType =>
  ["presence:changed", "participant:updated", "participant:waiting", "signal"].includes(name);
