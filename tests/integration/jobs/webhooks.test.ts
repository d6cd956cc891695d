import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import type { QueueBackend } from "../../../src/jobs/queue.ts";
import { type Jobs, startJobs } from "../../../src/jobs/start.ts";
import type { WebhookEndpoint } from "../../../src/domain/webhook.ts";
import { createWebhook } from "../../../src/usecases/webhooks/create.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { type Receiver, startReceiver } from "../../support/receiver.ts";
import { waitFor } from "../../support/wait.ts";

let world: TestApp;
let receivers: Receiver[] = [];
let running: Jobs[] = [];
const admin = {
  principal: { kind: "key", id: crypto.randomUUID(), name: "tests", scope: "admin" },
  requestId: "req-7",
} as const;

beforeEach(async () => {
  world = await createTestApp({ ALLOW_PRIVATE_TARGETS: "true" });
});

afterEach(async () => {
  for (const jobs of running) await jobs.close();
  for (const receiver of receivers) await receiver.close();
  running = [];
  receivers = [];
  await world.close();
});

const subscribe = async (): Promise<{ receiver: Receiver; endpoint: WebhookEndpoint }> => {
  const receiver = await startReceiver();
  receivers.push(receiver);
  const { endpoint } = await createWebhook(world.app, admin, {
    url: receiver.url,
    events: ["booking.accepted"],
  });
  return { receiver, endpoint };
};

/** Entries of the outbox about one booking; returns their ids. */
const tell = async (count: number): Promise<string[]> => {
  const { booking } = await world.makeBooking({
    coach: await world.makeCoach(),
    client: await world.makeClient(),
  });
  await world.db`
    INSERT INTO outbox (id, type, payload)
    SELECT gen_random_uuid(), 'booking.accepted', ${world.db.json({ bookingId: booking.id })} FROM generate_series(2, ${count})`;
  world.app.publisher.publishOutboxNews();
  const rows = await world.db<{ id: string }[]>`SELECT id FROM outbox ORDER BY id`;
  return rows.map(({ id }) => id);
};

const idsAt = ({ received }: Receiver): string[] =>
  received.map(({ headers }) => headers["webhook-id"] ?? "").toSorted();

describe.each<[string, () => QueueBackend]>([
  ["Postgres", () => ({ databaseUrl: world.databaseUrl })],
  ["Redis", () => ({ redisUrl: inject("redisUrl"), prefix: `webhooks-${crypto.randomUUID()}` })],
])("with the queue on %s", (_, makeBackend) => {
  const start = async (backend = makeBackend()): Promise<void> => {
    running.push(await startJobs(world.app, backend));
  };

  test("every event reaches every endpoint, under the event's id", async () => {
    const [first, second] = [await subscribe(), await subscribe()];
    await start();
    const ids = await tell(40);
    await waitFor(() => first.receiver.received.length + second.receiver.received.length >= 80, {
      what: "both to be told",
    });
    expect(idsAt(first.receiver)).toEqual(ids);
    expect(idsAt(second.receiver)).toEqual(ids);
  });

  test("a receiver that never answers has no more than its share under way, and keeps nobody waiting", async () => {
    const [good, hanging] = [await subscribe(), await subscribe()];
    hanging.receiver.answer(() => {});
    await start();
    const ids = await tell(60);
    await waitFor(() => good.receiver.received.length >= 60, { what: "the good one to be told" });
    expect(idsAt(good.receiver)).toEqual(ids);
    expect(hanging.receiver.received.length).toBe(8);
    const [row] = await world.db<[{ waiting: number }]>`
      SELECT count(*)::int AS waiting FROM webhook_deliveries
      WHERE endpoint_id = ${hanging.endpoint.id} AND enqueued_at IS NULL`;
    expect(row.waiting).toBe(52);
    for (const receiver of receivers) await receiver.close();
  });

  test("one that fails is tried again, and gets what it missed once it works", async () => {
    const { receiver } = await subscribe();
    let refused = 0;
    receiver.answer((response) => {
      refused += 1;
      response.writeHead(500).end();
    });
    await start();
    const ids = await tell(3);
    await waitFor(() => refused > 0, { what: "a refusal" });
    receiver.answer({ status: 204 });
    await waitFor(
      async () => (await world.db`SELECT FROM webhook_deliveries WHERE status = 'delivered'`).length === 3,
      { what: "all to be delivered", timeoutMs: 10_000 },
    );
    expect([...new Set(idsAt(receiver))]).toEqual(ids);
  });
});
