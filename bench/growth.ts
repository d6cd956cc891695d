import type { Database } from "../src/db/client.ts";
import { assertAll, closedLoop, openCallers } from "./load.ts";
import { type Row, ms, perSecond, times } from "./report.ts";
import type { BenchDatabase, Ground, Server } from "./servers.ts";
import { askForSlots, makePool } from "./slots.ts";
import { median, percentile } from "./statistics.ts";
import { assertNoOverlap, bookingCalls, makeWorld } from "./world.ts";

const sizes = [10_000, 1_000_000] as const;
const coaches = 500;
const rounds = 3;
const roundMs = 3_000;

/** A past of so many bookings, one after another for each coach, each with its claim and session, as bookings leave them. */
const fillPast = async (sql: Database, bookings: number): Promise<void> => {
  const each = bookings / coaches;
  await sql.begin(async (tx) => {
    await tx`SET LOCAL statement_timeout = 0`;
    await tx`SET LOCAL session_replication_role = replica`;
    await tx`
      CREATE TEMPORARY TABLE past ON COMMIT DROP AS
      SELECT gen_random_uuid() AS id, gen_random_uuid() AS claim_id, gen_random_uuid() AS session_id, c.id AS coach_id,
             (SELECT id FROM clients LIMIT 1) AS client_id,
             timestamptz '2025-01-01' - make_interval(hours => n::int) AS starts_at
      FROM (SELECT id FROM coaches ORDER BY id LIMIT ${coaches}) c, generate_series(1, ${each}) AS n`;
    await tx`
      INSERT INTO claims (id, coach_id, period, kind, starts_at)
      SELECT claim_id, coach_id, tstzrange(starts_at, starts_at + interval '1 hour'), 'booking', starts_at FROM past`;
    await tx`
      INSERT INTO bookings (id, coach_id, client_id, status, starts_at, ends_at, claim_id)
      SELECT id, coach_id, client_id, 'accepted', starts_at, starts_at + interval '1 hour', claim_id FROM past`;
    await tx`
      INSERT INTO sessions (id, booking_id, coach_id, client_id, status, starts_at, ends_at, started_at, ended_at, last_seq)
      SELECT session_id, id, coach_id, client_id, 'completed', starts_at, starts_at + interval '1 hour', starts_at,
             starts_at + interval '1 hour', 0 FROM past`;
  });
  await sql`VACUUM ANALYZE`;
};

type Side = {
  database: BenchDatabase;
  hub: Server;
  poolId: string;
  rates: number[];
  next: ReturnType<typeof bookingCalls>;
};

const openSide = async (ground: Ground, bookings: number): Promise<Side> => {
  const database = await ground.database();
  const hub = await ground.hub(database);
  const next = bookingCalls(await makeWorld(database.sql, { coaches, clients: 500 }));
  const startedAt = performance.now();
  await fillPast(database.sql, bookings);
  console.error(
    `  ${bookings.toLocaleString("en")} bookings stored in ${Math.round((performance.now() - startedAt) / 1000)} s`,
  );
  return { database, hub, poolId: await makePool(database.sql, hub), rates: [], next };
};

/** The same work on a young hub and on one with a million bookings behind it. */
export const benchGrowth = async (ground: Ground): Promise<Row[]> => {
  const small = await openSide(ground, sizes[0]);
  const big = await openSide(ground, sizes[1]);
  for (let round = -1; round < rounds; round++) {
    for (const side of [small, big]) {
      const callers = openCallers(side.hub.url, 64);
      const load = await closedLoop(callers, { count: 64, ms: roundMs, next: side.next });
      assertAll(load, 201, "growth");
      if (round >= 0) side.rates.push(load.perSecond);
      await callers.close();
    }
  }
  const slots = [await askForSlots(small.hub, small.poolId), await askForSlots(big.hub, big.poolId)];
  const [smallP95 = 0, bigP95 = 0] = slots.map(({ warmMs }) => percentile(warmMs, 0.95));
  for (const side of [small, big]) await assertNoOverlap(side.database.sql);
  const slower = median(small.rates.map((rate, round) => rate / (big.rates[round] ?? Number.NaN)));
  const row = (measured: string, baseline: string, figure: number): Row => ({
    bench: "growth",
    measured,
    baseline,
    figure: times(figure),
    target: "<= 1.3 x",
    ok: figure <= 1.3,
  });
  return [
    row(`booking ${perSecond(median(big.rates))}`, perSecond(median(small.rates)), slower),
    row(`slots p95 ${ms(bigP95)}`, ms(smallP95), bigP95 / smallP95),
  ];
};
