import { type Callers, type Load, assertAll, closedLoop, openCallers } from "./load.ts";
import { type Row, ms, perSecond, times } from "./report.ts";
import type { Ground } from "./servers.ts";
import { median, percentile } from "./statistics.ts";
import { assertBooked, bookingCalls, makeWorld } from "./world.ts";

const rounds = 3;
const roundMs = 4_000;

/** One coach booked from two nodes with Redis, against the same callers on one of them. */
export const benchHotCoachOnTwoNodes = async (ground: Ground): Promise<Row[]> => {
  const database = await ground.database();
  const env = { REDIS_URL: await ground.redisUrl(), REDIS_PREFIX: `bench-${crypto.randomUUID()}` };
  const hubs = [await ground.hub(database, env), await ground.hub(database, env)];
  const next = bookingCalls(await makeWorld(database.sql, { coaches: 1, clients: 500 }));
  const nodes = hubs.map(({ url }) => openCallers(url, 64));
  let booked = 0;
  const load = async (callers: Callers | undefined, count: number): Promise<Load> => {
    if (!callers) throw new Error("a node is missing");
    const done = await closedLoop(callers, { count, ms: roundMs, next });
    assertAll(done, 201, "hot-coach-2");
    booked += done.latenciesMs.length;
    return done;
  };
  const single: number[] = [];
  const both: number[] = [];
  const p99s: [number[], number[]] = [[], []];
  await load(nodes[0], 64);
  await load(nodes[1], 64);
  for (let round = 0; round < rounds; round++) {
    single.push((await load(nodes[0], 64)).perSecond);
    const [a, b] = await Promise.all([load(nodes[0], 32), load(nodes[1], 32)]);
    both.push(a.perSecond + b.perSecond);
    p99s[0].push(percentile(a.latenciesMs, 0.99));
    p99s[1].push(percentile(b.latenciesMs, 0.99));
  }
  await assertBooked(database.sql, booked);
  await Promise.all(nodes.map((node) => node.close()));
  const ratio = median(both.map((rate, round) => rate / (single[round] ?? Number.NaN)));
  const [first, second] = [median(p99s[0]), median(p99s[1])];
  const unfairness = Math.max(first / second, second / first);
  return [
    {
      bench: "hot-coach-2",
      measured: perSecond(median(both)),
      baseline: `${perSecond(median(single))} one node`,
      figure: times(ratio),
      target: ">= 0.7 x",
      ok: ratio >= 0.7,
    },
    {
      bench: "hot-coach-2",
      measured: `p99 ${ms(first)} and ${ms(second)}`,
      baseline: "",
      figure: times(unfairness),
      target: "<= 2 x",
      ok: unfairness <= 2,
    },
  ];
};
