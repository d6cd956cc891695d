import { type Callers, openCallers } from "./load.ts";
import { type Row, ms } from "./report.ts";
import { type Ground, type Server, adminKey } from "./servers.ts";
import type { Database } from "../src/db/client.ts";
import { percentile } from "./statistics.ts";
import { makeWorld } from "./world.ts";

const coaches = 50;
const days = 31;
const requests = 100;

/** A Monday well ahead, at midnight in Berlin. */
const from = "2030-01-07T00:00:00+01:00";

/** A pool whose members all have rules, overrides, 200 bookings and 200 busy periods in the month that is asked for. */
export const makePool = async (sql: Database, server: Server): Promise<string> => {
  const { coachIds, clientIds } = await makeWorld(sql, { coaches, clients: 1 });
  const callers = openCallers(server.url, 4);
  const rules = [1, 2, 3, 4, 5].flatMap((weekday) => [
    { weekday, start: "09:00", end: "12:30" },
    { weekday, start: "13:00", end: "18:00" },
  ]);
  const overrides = [
    { date: "2030-01-09", windows: [] },
    { date: "2030-01-12", windows: [{ start: "10:00", end: "14:00" }] },
    { date: "2030-01-23", windows: [{ start: "07:00", end: "20:00" }] },
  ];
  for (const id of coachIds)
    await expect201(callers, {
      method: "PUT",
      path: `/v1/coaches/${id}/availability`,
      body: { rules, overrides },
    });
  // 200 of the 2,976 quarter hours of the month, spread unevenly; the busy periods lie in others, and may overlap.
  await sql`
    WITH taken AS (
      SELECT c.id AS coach_id, gen_random_uuid() AS claim_id,
             ${from}::timestamptz + make_interval(mins => (15 * ((n * 37 + c.at * 11) % 2976))::int) AS starts_at
      FROM unnest(${coachIds}::uuid[]) WITH ORDINALITY AS c (id, at), generate_series(0, 199) AS n
    ), claim AS (
      INSERT INTO claims (id, coach_id, period, kind, starts_at)
      SELECT claim_id, coach_id, tstzrange(starts_at, starts_at + interval '15 min'), 'booking', starts_at FROM taken
    )
    INSERT INTO bookings (id, coach_id, client_id, status, starts_at, ends_at, claim_id)
    SELECT gen_random_uuid(), coach_id, ${clientIds[0] ?? ""}, 'accepted', starts_at, starts_at + interval '15 min', claim_id
    FROM taken`;
  await sql`
    WITH calendar AS (
      INSERT INTO calendars (id, coach_id, url, synced_at)
      SELECT gen_random_uuid(), id, 'https://example.com/calendar.ics', now() FROM unnest(${coachIds}::uuid[]) AS id
      RETURNING id, coach_id
    )
    INSERT INTO busy_periods (calendar_id, coach_id, period, uid)
    SELECT id, coach_id, tstzrange(starts_at, starts_at + interval '20 min'), 'uid-' || n
    FROM calendar, generate_series(0, 199) AS n,
         LATERAL (SELECT ${from}::timestamptz + make_interval(mins => 20 * ((n * 53 + 7) % 2232)) AS starts_at) AS s`;
  await sql`ANALYZE`;
  const text = await expect201(callers, {
    path: "/v1/pools",
    body: { name: "Everybody", members: coachIds.map((coachId) => ({ coachId })) },
  });
  await callers.close();
  return (JSON.parse(text) as { id: string }).id;
};

const expect201 = async (callers: Callers, call: Parameters<Callers["call"]>[0]): Promise<string> => {
  const { status, text } = await callers.call(call);
  if (status >= 300) throw new Error(`${call.path} answered ${status}: ${text}`);
  return text;
};

type SlotsBody = { slots: { startsAt: string; coachIds: string[] }[]; total: number };

/** Asks once, then again and again. @returns how long the first took, and the others in order, in milliseconds */
export const askForSlots = async (
  server: Server,
  poolId: string,
): Promise<{ firstMs: number; warmMs: number[]; body: SlotsBody }> => {
  const callers = openCallers(server.url, 1);
  const path = `/v1/slots?poolId=${poolId}&from=${encodeURIComponent(from)}&days=${days}&durationMinutes=30&timeZone=Europe/Berlin`;
  const ask = async (): Promise<{ took: number; text: string }> => {
    const startedAt = performance.now();
    const text = await expect201(callers, { method: "GET", path });
    return { took: performance.now() - startedAt, text };
  };
  const first = await ask();
  const warmMs: number[] = [];
  for (let n = 0; n < requests; n++) warmMs.push((await ask()).took);
  await callers.close();
  return {
    firstMs: first.took,
    warmMs: warmMs.sort((a, b) => a - b),
    body: JSON.parse(first.text) as SlotsBody,
  };
};

/** Fails unless the list says what Postgres finds by looking at each time on its own. */
const assertRight = async (sql: Database, { slots, total }: SlotsBody): Promise<void> => {
  const [row] = await sql<{ free: number }[]>`
    SELECT count(*)::int AS free FROM coaches c,
      generate_series(${from}::timestamptz, ${from}::timestamptz + interval '31 days' - interval '15 min', interval '15 min') AS t,
      LATERAL (SELECT t AT TIME ZONE 'Europe/Berlin' AS at) l,
      LATERAL (SELECT l.at::time AS start, (l.at + interval '30 min')::time AS finish, l.at::date AS day) d
    WHERE CASE d.day
        WHEN '2030-01-09' THEN false
        WHEN '2030-01-12' THEN d.start >= '10:00' AND d.finish <= '14:00' AND d.start < '14:00'
        WHEN '2030-01-23' THEN d.start >= '07:00' AND d.finish <= '20:00' AND d.start < '20:00'
        ELSE extract(isodow FROM d.day) < 6 AND
          ((d.start >= '09:00' AND d.finish <= '12:30' AND d.start < '12:30') OR (d.start >= '13:00' AND d.finish <= '18:00' AND d.start < '18:00')) END
      AND NOT EXISTS (SELECT FROM claims k WHERE k.coach_id = c.id AND k.period && tstzrange(t, t + interval '30 min'))
      AND NOT EXISTS (SELECT FROM busy_periods b WHERE b.coach_id = c.id AND b.period && tstzrange(t, t + interval '30 min'))`;
  const listed = slots.reduce((sum, { coachIds }) => sum + coachIds.length, 0);
  if (listed !== row?.free || total !== slots.length || listed === 0)
    throw new Error(`${listed} slots were listed, ${row?.free} are free`);
};

/** A month of a pool of 50, as a page with a calendar asks for it. */
export const benchSlots = async (ground: Ground): Promise<Row[]> => {
  const database = await ground.database();
  const hub = await ground.hub(database);
  const poolId = await makePool(database.sql, hub);
  await hub.stop();
  // The first request of a hub that has served none.
  const fresh = await ground.hub(database, { ADMIN_API_KEY: adminKey });
  const { firstMs, warmMs, body } = await askForSlots(fresh, poolId);
  await assertRight(database.sql, body);
  const p95 = percentile(warmMs, 0.95);
  const size = `${body.total} starts`;
  return [
    {
      bench: "slots",
      measured: `first ${ms(firstMs)}`,
      baseline: size,
      figure: ms(firstMs),
      target: "< 150 ms",
      ok: firstMs < 150,
    },
    {
      bench: "slots",
      measured: `p50 ${ms(percentile(warmMs, 0.5))}, p95 ${ms(p95)}`,
      baseline: size,
      figure: ms(p95),
      target: "< 50 ms",
      ok: p95 < 50,
    },
  ];
};
