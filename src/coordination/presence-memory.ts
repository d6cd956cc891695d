import type { Awaited, PersonState, Presence, RoomConnection } from "./presence.ts";

type Person = { connections: Set<string>; dueAt: number | null; state: PersonState };

/**
 * Presence of a hub of one node.
 * @param now a clock in milliseconds that never goes back
 */
export const createMemoryPresence = (now: () => number = () => performance.now()): Presence => {
  const rooms = new Map<string, Map<string, Person>>();
  let settled = false;

  const find = ({ sessionId, participantId }: Awaited): Person | undefined =>
    rooms.get(sessionId)?.get(participantId);
  const findOrAdd = ({ sessionId, participantId }: Awaited): Person => {
    const room = rooms.get(sessionId) ?? new Map<string, Person>();
    rooms.set(sessionId, room);
    const person = room.get(participantId) ?? { connections: new Set(), dueAt: null, state: {} };
    room.set(participantId, person);
    return person;
  };
  const remove = ({ sessionId, participantId }: Awaited): void => {
    const room = rooms.get(sessionId);
    room?.delete(participantId);
    if (room?.size === 0) rooms.delete(sessionId);
  };

  return {
    connect: async (connection: RoomConnection, state) => {
      const known = find(connection);
      const before = known ? (known.connections.size > 0 ? "connected" : "reconnecting") : null;
      const person = findOrAdd(connection);
      person.connections.add(connection.connectionId);
      person.dueAt = null;
      if (state && Object.keys(person.state).length === 0) person.state = state;
      return { connections: person.connections.size, before };
    },
    disconnect: async (connection, graceMs) => {
      const person = find(connection);
      const changed = person?.connections.delete(connection.connectionId) ?? false;
      if (person && changed && person.connections.size === 0) person.dueAt = now() + graceMs;
      return { connections: person?.connections.size ?? 0, changed };
    },
    update: async (sessionId, participantId, state) => {
      const person = find({ sessionId, participantId });
      if (person) person.state = state;
      return person !== undefined;
    },
    expect: async (awaited, graceMs) => {
      for (const one of awaited) {
        const person = findOrAdd(one);
        if (person.connections.size === 0) person.dueAt ??= now() + graceMs;
      }
    },
    count: async (sessionId, participantId) => find({ sessionId, participantId })?.connections.size ?? 0,
    read: async (sessionId) =>
      [...(rooms.get(sessionId) ?? [])].map(([participantId, { connections, state }]) => ({
        participantId,
        connections: connections.size,
        status: connections.size > 0 ? "connected" : "reconnecting",
        state,
      })),
    due: async (limit) => {
      const found: Awaited[] = [];
      for (const [sessionId, room] of rooms) {
        for (const [participantId, { dueAt }] of room) {
          if (dueAt !== null && dueAt <= now()) found.push({ sessionId, participantId });
          if (found.length === limit) return found;
        }
      }
      return found;
    },
    forget: async (sessionId, participantId) => {
      if (find({ sessionId, participantId })?.connections.size === 0) remove({ sessionId, participantId });
    },
    clear: async (sessionId) => {
      rooms.delete(sessionId);
    },
    // The memory is lost with its only node, and there is no other that would have to tell anything.
    heartbeat: async () => ({ lapsed: false, changed: [], state: settled ? "settled" : "told" }),
    settle: async () => {
      settled = true;
    },
    close: async () => rooms.clear(),
  };
};
