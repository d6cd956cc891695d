import { openCallers } from "./load.ts";
import { type Row, ms } from "./report.ts";
import type { Ground } from "./servers.ts";
import { percentile } from "./statistics.ts";
import { assertNoOverlap, makeWorld } from "./world.ts";

const callers = 64;
const rounds = 100;

/** 64 callers for one slot, again and again: one gets it, 63 are told why not. */
export const benchRace = async (ground: Ground): Promise<Row[]> => {
  const database = await ground.database();
  const hub = await ground.hub(database);
  const { coachIds, clientIds } = await makeWorld(database.sql, { coaches: 1, clients: callers });
  const pool = openCallers(hub.url, callers);
  const latencies: number[] = [];
  for (let round = -5; round < rounds; round++) {
    const startsAt = new Date(Date.UTC(2030, 0, 1, round + 5)).toISOString();
    const sentAt = performance.now();
    const answers = await Promise.all(
      clientIds.map(async (clientId) => {
        const body = { coachId: coachIds[0], clientId, startsAt, durationMinutes: 60 };
        const answer = await pool.call({ path: "/v1/bookings", body });
        if (round >= 0) latencies.push(performance.now() - sentAt);
        return answer;
      }),
    );
    const won = answers.filter(({ status }) => status === 201).length;
    const refused = answers.filter(
      ({ status, text }) => status === 409 && text.includes('"slot_unavailable"'),
    ).length;
    if (won !== 1 || refused !== callers - 1)
      throw new Error(`round ${round}: ${won} won and ${refused} were refused`);
  }
  await assertNoOverlap(database.sql);
  await pool.close();
  const p99 = percentile(
    latencies.sort((a, b) => a - b),
    0.99,
  );
  return [
    {
      bench: "race",
      measured: `p50 ${ms(percentile(latencies, 0.5))}, p99 ${ms(p99)}`,
      baseline: `${rounds} rounds, one 201 each`,
      figure: ms(p99),
      target: "< 50 ms",
      ok: p99 < 50,
    },
  ];
};
