import { pino } from "pino";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { inTransaction } from "../../../src/db/client.ts";
import type { WebhookEndpoint, WebhookEventType } from "../../../src/domain/webhook.ts";
import { createOutboundHttp } from "../../../src/outbound/http.ts";
import { createWebhook } from "../../../src/usecases/webhooks/create.ts";
import { deleteWebhook } from "../../../src/usecases/webhooks/delete.ts";
import { type DeliveryOutcome, deliverWebhook } from "../../../src/usecases/webhooks/deliver.ts";
import { replayDelivery } from "../../../src/usecases/webhooks/replay.ts";
import { rotateWebhook } from "../../../src/usecases/webhooks/rotate.ts";
import { updateWebhook } from "../../../src/usecases/webhooks/update.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { announceNew } from "../../support/outbox.ts";
import { type Receiver, type Received, startReceiver } from "../../support/receiver.ts";
import { waitFor } from "../../support/wait.ts";

let world: TestApp;
let receiver: Receiver;

beforeEach(async () => {
  world = await createTestApp({ ALLOW_PRIVATE_TARGETS: "true" });
  receiver = await startReceiver();
});

afterEach(async () => {
  await receiver.close();
  await world.close();
});

const admin = {
  principal: { kind: "key", id: crypto.randomUUID(), name: "tests", scope: "admin" },
  requestId: "req-7",
} as const;

const register = (
  events: WebhookEventType[] = ["booking.accepted"],
  input: { url?: string; ownerEmail?: string } = {},
): Promise<{ endpoint: WebhookEndpoint; secret: string }> =>
  createWebhook(world.app, admin, { url: receiver.url, events, ...input });

/** A booking that was made just now, and the deliveries that tell of it, for endpoints that were there before. */
const announceBooking = async (): Promise<string[]> => {
  await world.makeBooking({ coach: await world.makeCoach(), client: await world.makeClient() });
  await announceNew(world);
  const rows = await world.db<{ id: string }[]>`SELECT id FROM webhook_deliveries ORDER BY id`;
  return rows.map(({ id }) => id);
};

const announceOne = async (): Promise<string> => {
  const id = (await announceBooking()).at(-1);
  if (id === undefined) throw new Error("nobody is subscribed");
  return id;
};

const deliver = (deliveryId: string): Promise<DeliveryOutcome> => deliverWebhook(world.app, { deliveryId });

/** The wait is over. */
const makeDue = async (id: string): Promise<void> => {
  await world.db`UPDATE webhook_deliveries SET due_at = now() WHERE id = ${id}`;
};

type Row = {
  status: string;
  attempts: number;
  waitMs: number;
  enqueuedAt: Date | null;
  lastStatus: number | null;
  lastError: string | null;
  lastDurationMs: number | null;
  deliveredAt: Date | null;
};

const read = async (id: string): Promise<Row> => {
  const [row] = await world.db<Row[]>`
    SELECT *, (extract(epoch FROM due_at - last_attempt_at) * 1000)::float AS wait_ms FROM webhook_deliveries WHERE id = ${id}`;
  if (!row) throw new Error("the delivery is gone");
  return row;
};

type EndpointRow = {
  enabled: boolean;
  failingSince: Date | null;
  disabledReason: string | null;
  version: number;
};

const readEndpoint = async (id: string): Promise<EndpointRow> => {
  const [row] = await world.db<EndpointRow[]>`
    SELECT enabled, failing_since, disabled_reason, version FROM webhook_endpoints WHERE id = ${id}`;
  if (!row) throw new Error("the endpoint is gone");
  return row;
};

const only = ({ received }: Receiver): Received => {
  expect(received).toHaveLength(1);
  return received[0] as Received;
};

const verifies = ({ body, headers }: Received, secret: string): boolean => {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
};

describe("a delivery", () => {
  test("is signed so that the public package verifies it, and carries the event's id as the key downstream", async () => {
    const { endpoint, secret } = await register();
    const id = await announceOne();
    expect(await deliver(id)).toBe("delivered");
    const got = only(receiver);
    const event = new Webhook(secret).verify(got.body, got.headers) as { id: string; type: string };
    const [entry] = await world.db<{ id: string }[]>`SELECT id FROM outbox WHERE type = 'booking.accepted'`;
    expect([event.id, event.type]).toEqual([entry?.id, "booking.accepted"]);
    expect([got.method, got.path]).toEqual(["POST", "/hook"]);
    expect(got.headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": "Courtside-Webhooks",
      "webhook-id": entry?.id,
      "idempotency-key": entry?.id,
    });
    expect(Math.abs(Number(got.headers["webhook-timestamp"]) - Date.now() / 1000)).toBeLessThan(5);
    expect(verifies({ ...got, body: `${got.body} ` }, secret)).toBe(false);
    expect(await read(id)).toMatchObject({
      status: "delivered",
      attempts: 1,
      lastStatus: 204,
      lastError: null,
      lastDurationMs: expect.any(Number),
      deliveredAt: expect.any(Date),
    });
    expect((await readEndpoint(endpoint.id)).failingSince).toBeNull();
  });

  test("says the same, byte for byte, to every endpoint and at every attempt", async () => {
    await register();
    await register();
    const [one = "", two = ""] = await announceBooking();
    receiver.answer({ status: 500 });
    expect(await deliver(one)).toBe("retried");
    await world.db`UPDATE bookings SET title = 'changed meanwhile'`;
    receiver.answer({ status: 200 });
    await makeDue(one);
    expect([await deliver(one), await deliver(two)]).toEqual(["delivered", "delivered"]);
    const said = receiver.received.map(({ body, headers }) => [body, headers["webhook-id"]]);
    expect(said).toHaveLength(3);
    expect(new Set(said.map((each) => JSON.stringify(each))).size).toBe(1);
  });

  test("is signed with both secrets for 24 hours after a rotation, and then with the new one alone", async () => {
    const { endpoint, secret: first } = await register();
    const { secret: second } = await rotateWebhook(world.app, admin, endpoint.id);
    const id = await announceOne();
    await deliver(id);
    const during = only(receiver);
    expect([verifies(during, first), verifies(during, second)]).toEqual([true, true]);
    expect(during.headers["webhook-signature"]?.split(" ")).toHaveLength(2);

    await world.db`UPDATE webhook_endpoints SET previous_secret_until = previous_secret_until - interval '24 hours'`;
    await replayDelivery(world.app, admin, id);
    await deliver(id);
    const after = receiver.received[1] as Received;
    expect([verifies(after, first), verifies(after, second)]).toEqual([false, true]);

    const { secret: third } = await rotateWebhook(world.app, admin, endpoint.id);
    await rotateWebhook(world.app, admin, endpoint.id);
    await replayDelivery(world.app, admin, id);
    await deliver(id);
    const twice = receiver.received[2] as Received;
    expect([verifies(twice, second), verifies(twice, third)]).toEqual([false, true]);
  });

  test("that was delivered is not sent again, unless it is replayed, and then with the same id and body", async () => {
    await register();
    const id = await announceOne();
    expect([await deliver(id), await deliver(id)]).toEqual(["delivered", "skipped"]);
    const before = only(receiver);
    const replayed = await replayDelivery(world.app, admin, id);
    expect(replayed).toMatchObject({ status: "pending", attempts: 0, deliveredAt: null });
    expect(await deliver(id)).toBe("delivered");
    expect(receiver.received).toHaveLength(2);
    const again = receiver.received[1] as Received;
    expect([again.body, again.headers["webhook-id"]]).toEqual([before.body, before.headers["webhook-id"]]);
    expect((await read(id)).attempts).toBe(1);
  });

  test("of an endpoint that was deleted is gone, and nothing is sent", async () => {
    const { endpoint } = await register();
    const id = await announceOne();
    await deleteWebhook(world.app, admin, endpoint.id);
    expect(await deliver(id)).toBe("skipped");
    expect(receiver.received).toHaveLength(0);
  });

  test("goes nowhere private where that is not allowed, also when it was registered before", async () => {
    await register();
    const id = await announceOne();
    const guarded = await createTestApp({}, world);
    expect(await deliverWebhook(guarded.app, { deliveryId: id })).toBe("retried");
    await guarded.close();
    expect(receiver.received).toHaveLength(0);
    expect(await read(id)).toMatchObject({
      lastStatus: null,
      lastError: "The URL leads to an address that may not be called from here.",
    });
  });
});

test.each(["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.7", "fd00::1"])(
  "a name that was public when it was registered and leads to %s by now is not called",
  async (address) => {
    let addresses = ["93.184.215.14"];
    const outbound = createOutboundHttp({ allowPrivateTargets: false, resolve: async () => addresses });
    const app = { ...world.app, outbound };
    const { port } = new URL(receiver.url);
    const input = { url: `http://hooks.example:${port}/`, events: ["booking.accepted" as const] };
    await createWebhook(app, admin, input);
    const id = await announceOne();
    addresses = [address];
    expect(await deliverWebhook(app, { deliveryId: id })).toBe("retried");
    expect(receiver.received).toHaveLength(0);
    expect((await read(id)).lastError).toBe("The URL leads to an address that may not be called from here.");
    await expect(createWebhook(app, admin, input)).rejects.toMatchObject({ code: "invalid_request" });
  },
);

describe("an attempt that fails", () => {
  test("is made again after about 1 s, 5 s, 30 s, 2 min … over a day, and then given up and kept", async () => {
    await register();
    const id = await announceOne();
    receiver.answer({ status: 500, body: "the receiver's own words" });
    const expected = [1, 5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 36_000];
    for (const [index, seconds] of expected.entries()) {
      await world.db`UPDATE webhook_deliveries SET enqueued_at = now() WHERE id = ${id}`;
      expect(await deliver(id)).toBe("retried");
      const row = await read(id);
      expect(row).toMatchObject({
        status: "pending",
        attempts: index + 1,
        lastStatus: 500,
        enqueuedAt: null,
      });
      expect(row.waitMs).toBeGreaterThanOrEqual(seconds * 800);
      expect(row.waitMs).toBeLessThanOrEqual(seconds * 1_200);
      await makeDue(id);
    }
    expect(await deliver(id)).toBe("failed");
    expect(await read(id)).toMatchObject({
      status: "failed",
      attempts: expected.length + 1,
      lastError: "The receiver answered 500.",
    });
    expect(await deliver(id)).toBe("skipped");
    expect(receiver.received).toHaveLength(expected.length + 1);
    expect(expected.reduce((sum, seconds) => sum + seconds) / 3_600).toBeCloseTo(24, 0);
  });

  test("is not made again before its time, however often it is asked for", async () => {
    await register();
    const id = await announceOne();
    receiver.answer({ status: 500 });
    expect(await deliver(id)).toBe("retried");
    expect(await deliver(id)).toBe("skipped");
    expect(receiver.received).toHaveLength(1);
    expect((await read(id)).attempts).toBe(1);
  });

  test.each([301, 302, 307, 400, 404, 500])(
    "as it does with %i is not taken for delivered",
    async (status) => {
      await register();
      const id = await announceOne();
      receiver.answer({ status, headers: { location: `${receiver.url}/elsewhere` } });
      expect(await deliver(id)).toBe("retried");
      only(receiver);
      expect(await read(id)).toMatchObject({
        status: "pending",
        lastStatus: status,
        lastError: expect.stringContaining(`answered ${status}`),
      });
    },
  );

  test("since nobody listens there, or the answer breaks off, is told in plain words", async () => {
    const closed = await startReceiver();
    await closed.close();
    await register(["booking.accepted"], { url: closed.url });
    await register();
    const [one = "", two = ""] = await announceBooking();
    receiver.answer((response) => response.destroy());
    expect([await deliver(one), await deliver(two)]).toEqual(["retried", "retried"]);
    expect(await read(one)).toMatchObject({ lastStatus: null, lastError: "No connection could be made." });
    expect(await read(two)).toMatchObject({
      lastStatus: null,
      lastError: "The connection ended without a complete answer.",
    });
  });

  test("for want of an answer within 10 s is given up then", async () => {
    await register();
    const id = await announceOne();
    receiver.answer(() => {});
    const startedAt = performance.now();
    expect(await deliver(id)).toBe("retried");
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(9_900);
    expect(tookMs).toBeLessThan(12_000);
    const row = await read(id);
    expect(row).toMatchObject({ lastStatus: null, lastError: expect.stringContaining("within 10 seconds") });
    expect(row.lastDurationMs).toBeGreaterThan(9_900);
  });

  test("leaves nothing of what the receiver said but its status", async () => {
    await register();
    const id = await announceOne();
    receiver.answer({ status: 422, body: "password=hunter2" });
    await deliver(id);
    const rows = await world.db`SELECT * FROM webhook_deliveries`;
    expect(JSON.stringify(rows)).not.toContain("hunter2");
  });

  test("with more to say than anybody reads still counts by its status", async () => {
    await register();
    await register();
    const [one = "", two = ""] = await announceBooking();
    receiver.answer({ status: 200, body: "x".repeat(200_000) });
    expect(await deliver(one)).toBe("delivered");
    receiver.answer({ status: 500, body: "x".repeat(200_000) });
    expect(await deliver(two)).toBe("retried");
    expect((await read(two)).lastStatus).toBe(500);
  });

  test.each<[number, string, number, number]>([
    [429, "120", 120, 120],
    [503, "999999", 3_600, 3_600],
    [429, "soon", 0.8, 1.2],
    [429, "0", 0.8, 1.2],
    [500, "120", 0.8, 1.2],
  ])("with %i and Retry-After %j is made again after %d to %d s", async (status, retryAfter, min, max) => {
    await register();
    const id = await announceOne();
    receiver.answer({ status, headers: { "retry-after": retryAfter } });
    expect(await deliver(id)).toBe("retried");
    const { waitMs } = await read(id);
    expect(waitMs / 1000).toBeGreaterThanOrEqual(min);
    expect(waitMs / 1000).toBeLessThanOrEqual(max);
  });
});

test("a Retry-After that is a date is honoured like one in seconds", async () => {
  await register();
  const id = await announceOne();
  const until = new Date(Date.now() + 600_000);
  receiver.answer({ status: 503, headers: { "retry-after": until.toUTCString() } });
  expect(await deliver(id)).toBe("retried");
  const [row] = await world.db<{ dueAt: Date }[]>`SELECT due_at FROM webhook_deliveries WHERE id = ${id}`;
  expect(Math.abs((row?.dueAt.getTime() ?? Number.NaN) - until.getTime())).toBeLessThan(2_000);
});

describe("runs of one attempt at the same time", () => {
  /** Both have sent the event before either is answered. */
  const runTwice = async (id: string, statuses: [number, number]): Promise<DeliveryOutcome[]> => {
    const waiting: ((status: number) => void)[] = [];
    receiver.answer((response) => void waiting.push((status) => void response.writeHead(status).end()));
    const runs = [deliver(id), deliver(id)];
    await waitFor(() => waiting.length === 2, { what: "both runs to have sent the event" });
    waiting[0]?.(statuses[0]);
    const first = await Promise.race(runs);
    waiting[1]?.(statuses[1]);
    const all = await Promise.all(runs);
    return [first, ...all.filter((outcome) => outcome !== first)];
  };

  test("count once when both fail", async () => {
    await register();
    const id = await announceOne();
    expect((await runTwice(id, [500, 502])).toSorted()).toEqual(["retried", "skipped"]);
    expect(await read(id)).toMatchObject({ attempts: 1, lastStatus: 500 });
  });

  test("count once when both are delivered", async () => {
    await register();
    const id = await announceOne();
    expect((await runTwice(id, [200, 202])).toSorted()).toEqual(["delivered", "skipped"]);
    expect(await read(id)).toMatchObject({ status: "delivered", attempts: 1, lastStatus: 200 });
  });

  test("are delivered when one of them was, whichever is noted first", async () => {
    const { endpoint } = await register();
    const one = await announceOne();
    expect(await runTwice(one, [500, 200])).toEqual(["retried", "delivered"]);
    expect(await read(one)).toMatchObject({ status: "delivered", attempts: 1 });
    expect((await readEndpoint(endpoint.id)).failingSince).toBeNull();
    const two = await announceOne();
    expect(await runTwice(two, [200, 500])).toEqual(["delivered", "skipped"]);
    expect(await read(two)).toMatchObject({ status: "delivered", attempts: 1 });
    expect((await readEndpoint(endpoint.id)).failingSince).toBeNull();
  });
});

describe("an endpoint that fails", () => {
  const jobs = () =>
    world.db<{ id: string; payload: unknown; requestId: string }[]>`
      SELECT id, payload, request_id FROM jobs WHERE name = 'webhook-disabled'`;

  const failingFor = (interval: string) =>
    world.db`UPDATE webhook_endpoints SET failing_since = now() - ${interval}::interval`;

  test("is failing from its first failure on, until something is delivered", async () => {
    const { endpoint } = await register();
    const id = await announceOne();
    receiver.answer({ status: 500 });
    await deliver(id);
    const since = (await readEndpoint(endpoint.id)).failingSince;
    expect(since).toBeInstanceOf(Date);
    await makeDue(id);
    await deliver(id);
    expect((await readEndpoint(endpoint.id)).failingSince).toEqual(since);
    receiver.answer({ status: 200 });
    await makeDue(id);
    await deliver(id);
    expect(await readEndpoint(endpoint.id)).toEqual({
      enabled: true,
      failingSince: null,
      disabledReason: null,
      version: 1,
    });
  });

  test("is disabled after three days, and its owner told once", async () => {
    const { endpoint } = await register(["booking.accepted"], { ownerEmail: "ops@example.com" });
    const [one, two] = [await announceOne(), await announceOne()];
    receiver.answer({ status: 500 });
    await failingFor("2 days 23 hours");
    await deliver(one);
    expect((await readEndpoint(endpoint.id)).enabled).toBe(true);
    expect(await jobs()).toEqual([]);

    await failingFor("3 days");
    const news: number[] = [];
    world.app.publisher.onOutboxNews(() => void news.push(1));
    expect(await deliver(two)).toBe("retried");
    expect(await readEndpoint(endpoint.id)).toEqual({
      enabled: false,
      failingSince: expect.any(Date),
      disabledReason: "Every attempt failed for 3 days.",
      version: 2,
    });
    const since = (await readEndpoint(endpoint.id)).failingSince?.getTime() ?? Number.NaN;
    expect((Date.now() - since) / 86_400_000).toBeCloseTo(3, 1);
    expect(await jobs()).toEqual([
      { id: `webhook-disabled-${endpoint.id}-2`, payload: { endpointId: endpoint.id }, requestId: "tests" },
    ]);
    expect(news).toHaveLength(1);
  });

  test("is disabled once by attempts that fail together", async () => {
    const { endpoint } = await register(["booking.accepted"], { ownerEmail: "ops@example.com" });
    const ids = [await announceOne(), await announceOne(), await announceOne()];
    await failingFor("4 days");
    const waiting: (() => void)[] = [];
    receiver.answer((response) => void waiting.push(() => void response.writeHead(500).end()));
    const running = Promise.all(ids.map(deliver));
    await waitFor(() => waiting.length === ids.length, { what: "all attempts to be on their way" });
    for (const fail of waiting) fail();
    expect(await running).toEqual(["retried", "retried", "retried"]);
    expect((await readEndpoint(endpoint.id)).version).toBe(2);
    expect(await jobs()).toHaveLength(1);
  });

  test("without an owner's address is disabled all the same", async () => {
    const { endpoint } = await register();
    const id = await announceOne();
    await failingFor("3 days");
    receiver.answer({ status: 500 });
    await deliver(id);
    expect((await readEndpoint(endpoint.id)).enabled).toBe(false);
    expect(await jobs()).toEqual([]);
  });

  test("is disabled at once by 410 Gone", async () => {
    const { endpoint } = await register(["booking.accepted"], { ownerEmail: "ops@example.com" });
    const id = await announceOne();
    receiver.answer({ status: 410 });
    expect(await deliver(id)).toBe("retried");
    expect(await readEndpoint(endpoint.id)).toMatchObject({
      enabled: false,
      disabledReason: "The receiver answered 410 Gone.",
    });
    expect(await jobs()).toHaveLength(1);
  });

  test("is not blamed for what a URL of before answers", async () => {
    const { endpoint } = await register();
    const id = await announceOne();
    const elsewhere = await startReceiver();
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    receiver.answer((response) => {
      void answered.then(() => response.writeHead(410).end());
    });
    const running = deliver(id);
    await waitFor(() => receiver.received.length === 1, { what: "the event to be sent" });
    await updateWebhook(world.app, admin, { id: endpoint.id, changes: { url: elsewhere.url } });
    answer();
    expect(await running).toBe("retried");
    expect(await readEndpoint(endpoint.id)).toMatchObject({ enabled: true, failingSince: null });
    await makeDue(id);
    expect(await deliver(id)).toBe("delivered");
    expect(elsewhere.received).toHaveLength(1);
    await elsewhere.close();
  });

  test("and is disabled gets nothing; what waited is sent once it is enabled, and what happened meanwhile is not", async () => {
    const { endpoint } = await register();
    const waiting = await announceOne();
    await updateWebhook(world.app, admin, { id: endpoint.id, changes: { enabled: false } });
    await world.db`UPDATE webhook_deliveries SET enqueued_at = now()`;
    expect(await deliver(waiting)).toBe("skipped");
    expect(await read(waiting)).toMatchObject({ status: "pending", attempts: 0, enqueuedAt: null });
    await announceBooking();
    const news: number[] = [];
    world.app.publisher.onOutboxNews(() => void news.push(1));
    await updateWebhook(world.app, admin, { id: endpoint.id, changes: { enabled: true } });
    expect(news).toHaveLength(1);
    expect(await deliver(waiting)).toBe("delivered");
    expect(await world.db`SELECT id FROM webhook_deliveries`).toEqual([{ id: waiting }]);
    only(receiver);
  });
});

describe("announcing entries", () => {
  test("makes one delivery for each endpoint that is subscribed, with one id for the event, however often it is done", async () => {
    const { endpoint: bookings } = await register(["booking.accepted", "session.ended"]);
    const { endpoint: also } = await register(["booking.accepted"]);
    await register(["summary.ready"]);
    const { endpoint: off } = await register(["booking.accepted"]);
    await updateWebhook(world.app, admin, { id: off.id, changes: { enabled: false } });
    const ids = await announceBooking();
    expect(ids).toHaveLength(2);
    await world.db`UPDATE outbox SET enqueued_at = NULL`;
    await announceNew(world);
    const rows = await world.db<{ endpointId: string; eventId: string; eventType: string }[]>`
      SELECT endpoint_id, event_id, event_type FROM webhook_deliveries`;
    expect(rows.map(({ endpointId }) => endpointId).toSorted()).toEqual([bookings.id, also.id].toSorted());
    expect(new Set(rows.map(({ eventId, eventType }) => `${eventId} ${eventType}`)).size).toBe(1);
  });

  test("keeps no body where nobody is subscribed", async () => {
    await register(["summary.ready"]);
    expect(await announceBooking()).toEqual([]);
    expect(await world.db`SELECT id FROM outbox WHERE body IS NOT NULL`).toEqual([]);
  });

  test("writes nothing for an endpoint that is deleted at the same time", async () => {
    const { endpoint } = await register();
    await world.makeBooking({ coach: await world.makeCoach(), client: await world.makeClient() });
    const { promise: finish, resolve } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const deleting = inTransaction(world.db, async (sql) => {
      await sql`DELETE FROM webhook_endpoints WHERE id = ${endpoint.id}`;
      begin();
      await finish;
    });
    await begun;
    const announcing = announceNew(world);
    await waitFor(
      async () => (await world.db`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`).length > 0,
      { what: "the announcement to come to the endpoint" },
    );
    resolve();
    await deleting;
    expect(await announcing).toBe(0);
    expect(await world.db`SELECT id FROM webhook_deliveries`).toEqual([]);
  });
});

test("secrets are in no log, whatever is delivered, rotated, failed or disabled", async () => {
  const lines: string[] = [];
  const log = pino({ level: "trace" }, { write: (line) => void lines.push(line) });
  const app = { ...world.app, log };
  const { endpoint, secret } = await createWebhook(app, admin, {
    url: `${receiver.url}?token=query-secret`,
    events: ["booking.accepted"],
    ownerEmail: "ops@example.com",
  });
  const rotated = await rotateWebhook(app, admin, endpoint.id);
  const id = await announceOne();
  receiver.answer({ status: 410 });
  await deliverWebhook(app, { deliveryId: id });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(endpoint.id);
  for (const hidden of [secret, rotated.secret, "query-secret", "ops@example.com"])
    expect(lines.join("")).not.toContain(hidden);
});
