import { v7 as uuidv7 } from "uuid";
import type { Database } from "../src/db/client.ts";
import type { Call } from "./load.ts";

/** Coaches and clients of a hub, made in its database: making them is not what is measured. */
export type World = { coachIds: string[]; clientIds: string[] };

export const makeWorld = async (
  sql: Database,
  { coaches, clients }: { coaches: number; clients: number },
): Promise<World> => {
  const coachIds = Array.from({ length: coaches }, () => uuidv7());
  const clientIds = Array.from({ length: clients }, () => uuidv7());
  await sql`INSERT INTO coaches (id, name, time_zone) SELECT id, 'Coach', 'Europe/Berlin' FROM unnest(${coachIds}::uuid[]) AS id`;
  await sql`INSERT INTO clients (id, name, time_zone) SELECT id, 'Client', 'Europe/Paris' FROM unnest(${clientIds}::uuid[]) AS id`;
  return { coachIds, clientIds };
};

const hourMs = 3_600_000;
const firstHour = Date.UTC(2030, 0, 1);

/** Calls that book one hour after another of each coach in turn; no two want the same time. */
export const bookingCalls = ({ coachIds, clientIds }: World): (() => Call) => {
  let made = 0;
  return () => {
    const n = made++;
    const hour = Math.floor(n / coachIds.length);
    return {
      path: "/v1/bookings",
      body: {
        coachId: coachIds[n % coachIds.length],
        clientId: clientIds[n % clientIds.length],
        startsAt: new Date(firstHour + hour * hourMs).toISOString(),
        durationMinutes: 60,
      },
      headers: { "idempotency-key": uuidv7() },
    };
  };
};

/** Fails unless the database holds exactly what these many bookings leave behind, and no coach's time twice. */
export const assertBooked = async (sql: Database, count: number): Promise<void> => {
  const [found] = await sql<Record<string, number>[]>`
    SELECT (SELECT count(*)::int FROM bookings) AS bookings, (SELECT count(*)::int FROM claims) AS claims,
           (SELECT count(*)::int FROM sessions WHERE last_seq = 1) AS sessions,
           (SELECT count(*)::int FROM session_events WHERE type = 'session:scheduled' AND seq = 1) AS events,
           (SELECT count(*)::int FROM outbox WHERE type = 'booking.accepted') AS outbox,
           (SELECT count(*)::int FROM idempotency_records) AS keys`;
  for (const [what, counted] of Object.entries(found ?? {}))
    if (counted !== count)
      throw new Error(`${count} bookings were answered with 201, but there are ${counted} ${what}`);
  await assertNoOverlap(sql);
};

/** By the bookings themselves: the constraint that forbids it is on another table. */
export const assertNoOverlap = async (sql: Database): Promise<void> => {
  const [row] = await sql<{ overlaps: number }[]>`
    SELECT count(*)::int AS overlaps FROM (
      SELECT starts_at < lag(ends_at) OVER (PARTITION BY coach_id ORDER BY starts_at) AS early
      FROM bookings WHERE status IN ('pending', 'accepted')) AS neighbours WHERE early`;
  if (row?.overlaps !== 0) throw new Error(`${row?.overlaps} bookings overlap`);
};
