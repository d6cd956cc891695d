import { type Call, type Callers, type Load, assertAll, closedLoop, openCallers, pacedLoop } from "./load.ts";
import { type Row, ms, note, perSecond, times } from "./report.ts";
import type { BenchDatabase, Ground, Server } from "./servers.ts";
import { median, percentile } from "./statistics.ts";
import { type World, assertBooked, bookingCalls, makeWorld } from "./world.ts";

const callers = 64;
const rounds = 3;
const warmUpMs = 2_000;
const roundMs = 4_000;

/** Something that bookings are sent to. */
type Side = {
  name: string;
  database: BenchDatabase;
  callers: Callers;
  next: () => Call;
  rates: number[];
  booked: number;
};

const openSide = async (
  ground: Ground,
  name: string,
  { start, coaches }: { start: (database: BenchDatabase) => Promise<Server>; coaches: number },
): Promise<Side> => {
  const database = await ground.database();
  const server = await start(database);
  const world: World = await makeWorld(database.sql, { coaches, clients: 500 }).catch(() =>
    fakeWorld(coaches),
  );
  return {
    name,
    database,
    callers: openCallers(server.url, callers),
    next: bookingCalls(world),
    rates: [],
    booked: 0,
  };
};

/** A baseline has no coaches, only their ids. */
const fakeWorld = (coaches: number): World => ({
  coachIds: Array.from({ length: coaches }, () => crypto.randomUUID()),
  clientIds: Array.from({ length: 500 }, () => crypto.randomUUID()),
});

const count = (side: Side, load: Load): Load => {
  assertAll(load, 201, side.name);
  side.booked += load.latenciesMs.length;
  return load;
};

/** Lets the sides take turns, so that whatever else the machine does meets all of them. */
const takeTurns = async (sides: readonly Side[]): Promise<void> => {
  for (const side of sides)
    count(side, await closedLoop(side.callers, { count: callers, ms: warmUpMs, next: side.next }));
  for (let round = 0; round < rounds; round++) {
    for (const side of sides) {
      const load = await closedLoop(side.callers, { count: callers, ms: roundMs, next: side.next });
      side.rates.push(count(side, load).perSecond);
    }
  }
};

/** The median over the rounds of how one side did against another in the same round. */
const ratio = (side: Side, baseline: Side): number =>
  median(side.rates.map((rate, round) => rate / (baseline.rates[round] ?? Number.NaN)));

const paced = async (side: Side): Promise<string> => {
  const rate = median(side.rates) * 0.6;
  const { latenciesMs } = count(
    side,
    await pacedLoop(side.callers, { perSecond: rate, ms: roundMs, next: side.next }),
  );
  return `p50 ${ms(percentile(latenciesMs, 0.5))}, p99 ${ms(percentile(latenciesMs, 0.99))} at ${perSecond(rate)}`;
};

/** `booking` against a bare insert, and `hot-coach` against both `booking` and a Redlock for each request. */
export const benchBookings = async (ground: Ground, only: (name: string) => boolean): Promise<Row[]> => {
  const redisUrl = only("hot-coach") ? await ground.redisUrl() : "";
  const booking = await openSide(ground, "booking", {
    start: (database) => ground.hub(database),
    coaches: 500,
  });
  const bare = await openSide(ground, "bare insert", {
    start: (database) => ground.baseline("bare-insert", database),
    coaches: 500,
  });
  const hot = only("hot-coach")
    ? await openSide(ground, "hot-coach", { start: (database) => ground.hub(database), coaches: 1 })
    : null;
  const redlock = only("hot-coach")
    ? await openSide(ground, "redlock per request", {
        start: (database) => ground.baseline("redlock-per-request", database, { REDIS_URL: redisUrl }),
        coaches: 1,
      })
    : null;
  await takeTurns([booking, bare, hot, redlock].filter((side) => side !== null));
  const rows: Row[] = [];
  const row = (side: Side, baseline: Side, target: number): Row => {
    const figure = ratio(side, baseline);
    return {
      bench: side.name,
      measured: perSecond(median(side.rates)),
      baseline: `${perSecond(median(baseline.rates))} ${baseline.name}`,
      figure: times(figure),
      target: `>= ${target} x`,
      ok: figure >= target,
    };
  };
  if (only("booking")) rows.push(row(booking, bare, 0.85), note(booking.name, await paced(booking)));
  if (hot && redlock) rows.push(row(hot, booking, 1), row(hot, redlock, 5), note(hot.name, await paced(hot)));
  for (const side of [booking, hot]) if (side) await assertBooked(side.database.sql, side.booked);
  for (const side of [booking, bare, hot, redlock]) await side?.callers.close();
  return rows;
};
