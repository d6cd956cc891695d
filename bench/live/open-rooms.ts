import type { Database } from "../../src/db/client.ts";
import { type Callers, openCallers } from "../load.ts";
import type { Server } from "../servers.ts";
import { makeWorld } from "../world.ts";
import type { Seat } from "./member.ts";

export const roomSize = 10;

/** The room is open from a quarter of an hour before the session. */
const startsInMinutes = 10;

/** Seats in as many new rooms of a hub: in each the coach, the client and eight guests, with a ticket each. */
export const openRooms = async (sql: Database, hub: Server, rooms: number): Promise<Seat[]> => {
  const { coachIds, clientIds } = await makeWorld(sql, { coaches: rooms, clients: rooms });
  const startsAt = new Date(Date.now() + startsInMinutes * 60_000).toISOString();
  const callers = openCallers(hub.url, 16);
  try {
    const seats = await Promise.all(
      coachIds.map(async (coachId, index) => {
        const body = { coachId, clientId: clientIds[index], startsAt, durationMinutes: 60 };
        const { session } = await post<{ session: { id: string } }>(callers, "/v1/bookings", body);
        return Promise.all(
          Array.from({ length: roomSize }, async (_, member): Promise<Seat> => {
            const path = `/v1/sessions/${session.id}/join`;
            const { ticket } = await post<{ ticket: string }>(callers, path, personOf(member));
            return { url: hub.url, token: ticket, room: session.id };
          }),
        );
      }),
    );
    return seats.flat();
  } finally {
    await callers.close();
  }
};

/** Seats in rooms of the baseline, which admits anybody. */
export const rawRooms = (server: Server, rooms: number): Seat[] =>
  Array.from({ length: rooms }, () => crypto.randomUUID()).flatMap((room) =>
    Array.from({ length: roomSize }, () => ({ url: server.url, token: "", room })),
  );

const personOf = (member: number): Record<string, string> => {
  if (member === 0) return { as: "coach" };
  return member === 1 ? { as: "client" } : { role: "guest", name: `Guest ${member}` };
};

const post = async <T>(callers: Callers, path: string, body: unknown): Promise<T> => {
  const { status, text } = await callers.call({ path, body });
  if (status >= 300) throw new Error(`${path} answered ${status}: ${text}`);
  return JSON.parse(text) as T;
};

/** Fails unless the database holds an open visit of everybody who joined, and each message that was sent. */
export const assertStored = async (
  sql: Database,
  expected: { visits: number; messages: number },
): Promise<void> => {
  const [found] = await sql<{ visits: number; messages: number; gaps: number }[]>`
    SELECT (SELECT count(*)::int FROM attendance WHERE left_at IS NULL) AS visits,
           (SELECT count(*)::int FROM session_events WHERE type = 'message:posted') AS messages,
           (SELECT count(*)::int FROM sessions s
            WHERE last_seq <> (SELECT count(*) FROM session_events e WHERE e.session_id = s.id)) AS gaps`;
  if (found?.visits !== expected.visits || found.messages !== expected.messages || found.gaps !== 0)
    throw new Error(`stored are ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
};
