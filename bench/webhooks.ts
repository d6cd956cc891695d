import { type Receiver, startReceiver } from "../tests/support/receiver.ts";
import { waitFor } from "../tests/support/wait.ts";
import { openCallers } from "./load.ts";
import { type Row, ms, note, perSecond, times } from "./report.ts";
import type { BenchDatabase, Ground } from "./servers.ts";
import { median, percentile } from "./statistics.ts";
import { makeWorld } from "./world.ts";

const endpoints = 4;
const events = 1_000;
const rounds = 3;
const roundTimeoutMs = 120_000;

type Side = {
  name: string;
  database: BenchDatabase;
  receivers: Receiver[];
  bookingId: string;
  rates: number[];
  latencies: number[];
};

/** A hub with receivers that answer at once, and with one that never does. */
const openSide = async (ground: Ground, name: string, hanging: Receiver | null): Promise<Side> => {
  const database = await ground.database();
  const hub = await ground.hub(database, { ALLOW_PRIVATE_TARGETS: "true" });
  const { coachIds, clientIds } = await makeWorld(database.sql, { coaches: 1, clients: 1 });
  const callers = openCallers(hub.url, 1);
  const post = async <T>(path: string, body: unknown): Promise<T> => {
    const { status, text } = await callers.call({ path, body });
    if (status >= 300) throw new Error(`${path} answered ${status}: ${text}`);
    return JSON.parse(text) as T;
  };
  const startsAt = new Date(Date.now() + 3_600_000).toISOString();
  const { booking } = await post<{ booking: { id: string } }>("/v1/bookings", {
    coachId: coachIds[0],
    clientId: clientIds[0],
    startsAt,
    durationMinutes: 30,
  });
  // Its own event is nobody's.
  await waitFor(async () => (await database.sql`SELECT FROM outbox WHERE enqueued_at IS NULL`).length === 0, {
    what: "the booking's event to be relayed",
  });
  const receivers = await Promise.all(Array.from({ length: endpoints }, startReceiver));
  for (const { url } of [...receivers, ...(hanging ? [hanging] : [])])
    await post("/v1/webhooks", { url, events: ["booking.accepted"] });
  await callers.close();
  return { name, database, receivers, bookingId: booking.id, rates: [], latencies: [] };
};

/** Writes events as a busy hub does, and waits until each of the good receivers has them all. */
const runRound = async ({
  database: { sql },
  receivers,
  bookingId,
  rates,
  latencies,
}: Side): Promise<void> => {
  for (const receiver of receivers) receiver.received.length = 0;
  const writtenAt = performance.now();
  await sql`
    INSERT INTO outbox (id, type, payload) SELECT gen_random_uuid(), 'booking.accepted', ${sql.json({ bookingId })}
    FROM generate_series(1, ${events})`;
  await waitFor(() => receivers.every(({ received }) => received.length >= events), {
    timeoutMs: roundTimeoutMs,
    what: "every event at every good receiver",
  });
  rates.push((events * endpoints * 1000) / (performance.now() - writtenAt));
  for (const { received } of receivers) {
    const distinct = new Set(received.map(({ headers }) => headers["webhook-id"]));
    if (distinct.size !== events) throw new Error(`${events} events came as ${distinct.size}`);
    latencies.push(...received.map(({ at }) => at - writtenAt));
  }
};

/** How fast webhooks go out, and what it costs the others that one endpoint hangs. */
export const benchWebhooks = async (ground: Ground): Promise<Row[]> => {
  const hanging = await startReceiver();
  hanging.answer(() => {});
  const alone = await openSide(ground, "all answer", null);
  const beside = await openSide(ground, "one hangs", hanging);
  // It hangs already when the first round begins, as it would in its second minute.
  for (let round = -1; round < rounds; round++) {
    for (const side of [alone, beside]) await runRound(side);
    if (round < 0) for (const side of [alone, beside]) side.rates.length = side.latencies.length = 0;
  }
  const figure = median(beside.rates.map((rate, round) => rate / (alone.rates[round] ?? Number.NaN)));
  const left = await beside.database.sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM webhook_deliveries WHERE status = 'delivered'`;
  if (left[0]?.count !== events * endpoints * (rounds + 1))
    throw new Error(`delivered are ${left[0]?.count}`);
  await Promise.all([...alone.receivers, ...beside.receivers, hanging].map((receiver) => receiver.close()));
  const latency = (side: Side) => {
    const sorted = side.latencies.toSorted((a, b) => a - b);
    return `p50 ${ms(percentile(sorted, 0.5))}, p99 ${ms(percentile(sorted, 0.99))}`;
  };
  return [
    {
      bench: "webhooks",
      measured: `${perSecond(median(beside.rates))}, one more hangs`,
      baseline: `${perSecond(median(alone.rates))}, all answer`,
      figure: times(figure),
      target: ">= 0.9 x",
      ok: figure >= 0.9,
    },
    note("webhooks", latency(beside), latency(alone)),
  ];
};
