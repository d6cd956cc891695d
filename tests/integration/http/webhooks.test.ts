import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "../../../src/db/client.ts";
import { createOutboundHttp } from "../../../src/outbound/http.ts";
import { resolveByDns } from "../../../src/outbound/names.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { type Zone, startDnsServer } from "../../support/dns-server.ts";
import { announceNew } from "../../support/outbox.ts";
import { type Receiver, startReceiver } from "../../support/receiver.ts";
import { type Served, serve } from "../../support/serve.ts";
import { waitFor } from "../../support/wait.ts";

let world: TestApp;
let hub: Served;
let receiver: Receiver;

beforeAll(async () => {
  world = await createTestApp({ ALLOW_PRIVATE_TARGETS: "true" });
  hub = await serve(world);
  receiver = await startReceiver();
});

afterEach(async () => {
  await world.db`DELETE FROM webhook_endpoints`;
});

afterAll(async () => {
  await receiver.close();
  await hub.close();
  await world.close();
});

const secretPattern = /^whsec_[A-Za-z0-9+/]{43}=$/;

const register = async (input: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
  hub.send("POST", "/v1/webhooks", {
    as: world.keys.admin,
    body: { url: receiver.url, events: ["booking.accepted"], ...input },
    headers,
  });

const registered = async (input: Record<string, unknown> = {}): Promise<{ id: string; secret: string }> => {
  const { body } = await register(input);
  return { id: String(body["id"]), secret: String(body["secret"]) };
};

describe("an endpoint", () => {
  test("is registered with a secret that is shown once, and never read again", async () => {
    const made = await register({
      events: ["session.ended", "booking.accepted", "session.ended"],
      description: "CRM",
      ownerEmail: "ops@example.com",
    });
    expect([made.status, made.headers.get("etag")]).toEqual([201, '"1"']);
    const { secret, ...shown } = made.body;
    expect(secret).toMatch(secretPattern);
    expect(shown).toEqual({
      id: expect.any(String),
      url: receiver.url,
      events: ["session.ended", "booking.accepted"],
      description: "CRM",
      ownerEmail: "ops@example.com",
      createdBy: expect.stringMatching(/^key:/),
      enabled: true,
      failingSince: null,
      disabledReason: null,
      previousSecretUntil: null,
      version: 1,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    const id = String(shown["id"]);
    const read = await hub.send("GET", `/v1/webhooks/${id}`, { as: world.keys.admin });
    expect([read.status, read.body]).toEqual([200, shown]);
    const list = await hub.send("GET", "/v1/webhooks", { as: world.keys.admin });
    expect(list.body).toEqual({ data: [shown], nextCursor: null });
    const deliveries = await hub.send("GET", `/v1/webhooks/${id}/deliveries`, { as: world.keys.admin });
    for (const { text } of [read, list, deliveries]) expect(text).not.toContain("whsec_");
  });

  test("changes what is given, under If-Match, and is deleted", async () => {
    const { id } = await registered({ description: "old" });
    const path = `/v1/webhooks/${id}`;
    const patch = (body: unknown, headers = {}) =>
      hub.send("PATCH", path, { as: world.keys.admin, body, headers });
    const changed = await patch({ events: ["summary.ready"], enabled: false }, { "if-match": '"1"' });
    expect([changed.status, changed.headers.get("etag")]).toEqual([200, '"2"']);
    expect(changed.body).toMatchObject({
      url: receiver.url,
      events: ["summary.ready"],
      enabled: false,
      description: "old",
      disabledReason: null,
      version: 2,
    });
    expect(changed.text).not.toContain("whsec_");
    expect((await patch({ enabled: true }, { "if-match": '"1"' })).status).toBe(412);
    expect((await patch({ description: null })).body).toMatchObject({ description: null, enabled: false });
    const gone = await hub.send("DELETE", path, { as: world.keys.admin, headers: { "if-match": '"1"' } });
    expect(gone.status).toBe(412);
    expect((await hub.send("DELETE", path, { as: world.keys.admin })).status).toBe(204);
    expect((await hub.send("DELETE", path, { as: world.keys.admin })).status).toBe(404);
    expect((await hub.send("GET", path, { as: world.keys.admin })).status).toBe(404);
  });

  test("that is enabled again, or led elsewhere, starts with a clean slate", async () => {
    const { id } = await registered();
    const patch = (body: unknown) => hub.send("PATCH", `/v1/webhooks/${id}`, { as: world.keys.admin, body });
    await world.db`
      UPDATE webhook_endpoints SET enabled = false, failing_since = now(), disabled_reason = 'It failed.' WHERE id = ${id}`;
    const renamed = await patch({ description: "the same" });
    expect(renamed.body).toMatchObject({ enabled: false, disabledReason: "It failed." });
    expect(renamed.body["failingSince"]).not.toBeNull();
    expect((await patch({ enabled: true })).body).toMatchObject({
      enabled: true,
      disabledReason: null,
      failingSince: null,
    });
    await world.db`UPDATE webhook_endpoints SET failing_since = now() WHERE id = ${id}`;
    expect((await patch({ url: `${receiver.url}/new` })).body).toMatchObject({ failingSince: null });
  });

  test("gets a new secret, and the old one signs for 24 hours more", async () => {
    const { id, secret } = await registered();
    const rotated = await hub.send("POST", `/v1/webhooks/${id}/rotate`, { as: world.keys.admin });
    expect(rotated.status).toBe(200);
    expect(rotated.body["secret"]).toMatch(secretPattern);
    expect(rotated.body["secret"]).not.toBe(secret);
    const hoursLeft = (Date.parse(String(rotated.body["previousSecretUntil"])) - Date.now()) / 3_600_000;
    expect(hoursLeft).toBeGreaterThan(23.9);
    expect(hoursLeft).toBeLessThan(24.1);
    const stale = await hub.send("POST", `/v1/webhooks/${id}/rotate`, {
      as: world.keys.admin,
      headers: { "if-match": '"1"' },
    });
    expect(stale.status).toBe(412);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["no URL", { url: undefined }, "url"],
    ["a URL that is none", { url: "example" }, "url"],
    ["another protocol", { url: "ftp://example.com/" }, "url"],
    ["a password in the URL", { url: "http://user:password@127.0.0.1/" }, "url"],
    ["no events", { events: [] }, "events"],
    ["an event that does not exist", { events: ["booking.exploded"] }, "events.0"],
    ["all events at once", { events: ["*"] }, "events.0"],
    ["an owner without an address", { ownerEmail: "ops" }, "ownerEmail"],
    ["a secret of one's own", { secret: "whsec_AAAA" }, "secret"],
  ])("is refused with %s", async (_, input, path) => {
    const refused = await register(input);
    expect([refused.status, refused.body["errors"]]).toEqual([422, [expect.objectContaining({ path })]]);
    expect(await world.db`SELECT id FROM webhook_endpoints`).toHaveLength(0);
  });

  test("is refused when there are a hundred, however many ask at once", async () => {
    await world.db`
      INSERT INTO webhook_endpoints (id, url, events, created_by, secret)
      SELECT gen_random_uuid(), 'http://127.0.0.1/', '{session.ended}', 'tests', 'whsec_AAAA' FROM generate_series(1, 98)`;
    // Nobody gets past the insert until all who could be there are.
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { promise: locked, resolve: lock } = Promise.withResolvers<void>();
    const other = openDatabase({ url: world.databaseUrl, poolSize: 2 });
    const holding = other.begin(async (sql) => {
      await sql`LOCK TABLE webhook_endpoints IN SHARE MODE`;
      lock();
      await released;
    });
    await locked;
    const asked = Promise.all(Array.from({ length: 5 }, () => register()));
    await waitFor(
      async () => (await other`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`).length === 5,
      { what: "all to wait" },
    );
    release();
    await holding;
    await other.end();
    const answers = await asked;
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 201, 409, 409, 409]);
    const refused = answers.find(({ status }) => status === 409);
    expect(refused?.body).toMatchObject({ code: "invalid_state", state: "full" });
  });
});

describe("a secret under an Idempotency-Key", () => {
  test("is in the first answer alone: not in a replay, and not in what is kept", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const first = await register({}, headers);
    const again = await register({}, headers);
    const { secret, ...shown } = first.body;
    expect(secret).toMatch(secretPattern);
    expect([again.status, again.headers.get("idempotency-replayed"), again.body]).toEqual([
      201,
      "true",
      shown,
    ]);
    expect(again.headers.get("etag")).toBe(first.headers.get("etag"));

    const path = `/v1/webhooks/${String(shown["id"])}/rotate`;
    const rotate = () => hub.send("POST", path, { as: world.keys.admin, headers });
    const [one, two] = [await rotate(), await rotate()];
    expect(one.body["secret"]).toMatch(secretPattern);
    expect(two.headers.get("idempotency-replayed")).toBe("true");
    expect(two.text).not.toContain("whsec_");
    const kept = await world.db`SELECT body::text AS body FROM idempotency_records`;
    expect(kept.length).toBeGreaterThanOrEqual(2);
    expect(JSON.stringify(kept)).not.toContain("whsec_");
    expect(await world.db`SELECT id FROM webhook_endpoints`).toHaveLength(1);
    expect((await world.db`SELECT version FROM webhook_endpoints`)[0]?.["version"]).toBe(2);
  });
});

describe("who may manage webhooks", () => {
  const everything = (id: string, deliveryId: string): [string, string, unknown?][] => [
    ["POST", "/v1/webhooks", { url: receiver.url, events: ["session.ended"] }],
    ["GET", "/v1/webhooks"],
    ["GET", `/v1/webhooks/${id}`],
    ["PATCH", `/v1/webhooks/${id}`, { enabled: false }],
    ["DELETE", `/v1/webhooks/${id}`],
    ["POST", `/v1/webhooks/${id}/rotate`],
    ["GET", `/v1/webhooks/${id}/deliveries`],
    ["POST", `/v1/deliveries/${deliveryId}/replay`],
  ];

  const madeWithDelivery = async () => {
    const { id } = await registered();
    await world.makeBooking({ coach: await world.makeCoach(), client: await world.makeClient() });
    await announceNew(world);
    const [row] = await world.db<
      { id: string }[]
    >`SELECT id FROM webhook_deliveries WHERE endpoint_id = ${id}`;
    return { id, deliveryId: row?.id ?? "" };
  };

  test.each(["read", "bookings"] as const)("not a key of scope %s, which is told so", async (scope) => {
    const { id, deliveryId } = await madeWithDelivery();
    const before = await world.db`SELECT * FROM webhook_endpoints`;
    for (const [method, path, body] of everything(id, deliveryId)) {
      const { status } = await hub.send(method, path, { as: world.keys[scope], body });
      expect([method, path, status]).toEqual([method, path, 403]);
    }
    expect(await world.db`SELECT * FROM webhook_endpoints`).toEqual(before);
  });

  test.each(["coach", "client"] as const)("not a %s, to whom there are none", async (role) => {
    const { id, deliveryId } = await madeWithDelivery();
    const person = role === "coach" ? await world.makeCoach() : await world.makeClient();
    const as = await world.userToken(role, person.id);
    const before = await world.db`SELECT * FROM webhook_endpoints`;
    for (const [method, path, body] of everything(id, deliveryId)) {
      const theirs = await hub.send(method, path, { as, body });
      expect([method, path, theirs.status]).toEqual([method, path, 404]);
      const nobodys = await hub.send(method, path.replace(/[0-9a-f-]{36}/, crypto.randomUUID()), {
        as,
        body,
      });
      expect({ ...nobodys.body, requestId: "" }).toEqual({ ...theirs.body, requestId: "" });
    }
    expect(await world.db`SELECT * FROM webhook_endpoints`).toEqual(before);
  });

  test("an administrator with a token may", async () => {
    const as = await world.userToken("admin", "root");
    const body = { url: receiver.url, events: ["session.ended"] };
    const made = await hub.send("POST", "/v1/webhooks", { as, body });
    expect([made.status, made.body["createdBy"]]).toEqual([201, "admin:root"]);
    expect((await hub.send("GET", "/v1/webhooks", {})).status).toBe(401);
  });
});

describe("deliveries", () => {
  /** An endpoint with one delivery for each of so many bookings. */
  const withDeliveries = async (count: number): Promise<string> => {
    const { id } = await registered();
    const coach = await world.makeCoach();
    for (let n = 0; n < count; n += 1)
      await world.makeBooking({ coach, client: await world.makeClient(), inMinutes: 60 * (n + 1) });
    await announceNew(world);
    return id;
  };
  const list = async (id: string, query = "") =>
    hub.send("GET", `/v1/webhooks/${id}/deliveries${query}`, { as: world.keys.admin });

  test("are listed newest first, page by page, and by status", async () => {
    const id = await withDeliveries(3);
    const other = await registered();
    const first = await list(id, "?limit=2");
    const page = first.body["data"] as { id: string; createdAt: string }[];
    expect(page).toHaveLength(2);
    expect(page[0]).toEqual({
      id: expect.any(String),
      endpointId: id,
      eventId: expect.any(String),
      eventType: "booking.accepted",
      status: "pending",
      attempts: 0,
      dueAt: expect.any(String),
      lastAttemptAt: null,
      lastStatus: null,
      lastError: null,
      lastDurationMs: null,
      deliveredAt: null,
      createdAt: expect.any(String),
    });
    const rest = await list(id, `?limit=2&cursor=${String(first.body["nextCursor"])}`);
    const ids = [...page, ...(rest.body["data"] as { id: string }[])].map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].toSorted().reverse());
    expect([ids.length, rest.body["nextCursor"]]).toEqual([3, null]);
    await world.db`UPDATE webhook_deliveries SET status = 'failed' WHERE id = ${ids[0] ?? ""}`;
    const failed = await list(id, "?status=failed");
    expect(
      (failed.body["data"] as { id: string; dueAt: null }[]).map(({ id, dueAt }) => [id, dueAt]),
    ).toEqual([[ids[0], null]]);
    expect((await list(other.id)).body).toEqual({ data: [], nextCursor: null });
    expect((await list(id, "?status=lost")).status).toBe(422);
    expect((await list(crypto.randomUUID())).status).toBe(404);
  });

  test.each(["pending", "delivered", "failed"])("that are %s are replayed from the start", async (status) => {
    const id = await withDeliveries(1);
    const news: number[] = [];
    const stop = world.app.publisher.onOutboxNews(() => void news.push(1));
    const [row] = await world.db<{ id: string }[]>`
      UPDATE webhook_deliveries SET status = ${status}, attempts = 5, due_at = now() + interval '1 hour',
        enqueued_at = now(), delivered_at = now(), last_status = 500, last_error = 'It failed.'
      WHERE endpoint_id = ${id} RETURNING id`;
    const headers = { "idempotency-key": crypto.randomUUID() };
    const replay = () =>
      hub.send("POST", `/v1/deliveries/${row?.id ?? ""}/replay`, { as: world.keys.admin, headers });
    const replayed = await replay();
    expect(replayed.status).toBe(202);
    expect(replayed.body).toMatchObject({ id: row?.id, status: "pending", attempts: 0, deliveredAt: null });
    expect(Date.parse(String(replayed.body["dueAt"]))).toBeLessThanOrEqual(Date.now() + 1_000);
    expect(news).toHaveLength(1);
    const [after] = await world.db`SELECT enqueued_at FROM webhook_deliveries WHERE endpoint_id = ${id}`;
    expect(after).toEqual({ enqueuedAt: null });
    expect((await replay()).headers.get("idempotency-replayed")).toBe("true");
    stop();
  });

  test("are replayed neither to a disabled endpoint nor when there are none", async () => {
    const id = await withDeliveries(1);
    await world.db`UPDATE webhook_endpoints SET enabled = false WHERE id = ${id}`;
    const [row] = await world.db<{ id: string }[]>`
      UPDATE webhook_deliveries SET status = 'failed' WHERE endpoint_id = ${id} RETURNING id`;
    const replay = (delivery: string) =>
      hub.send("POST", `/v1/deliveries/${delivery}/replay`, { as: world.keys.admin });
    const refused = await replay(row?.id ?? "");
    expect([refused.status, refused.body]).toEqual([
      409,
      expect.objectContaining({ code: "invalid_state", state: "disabled" }),
    ]);
    expect((await replay(crypto.randomUUID())).status).toBe(404);
    expect((await replay("none")).status).toBe(404);
  });
});

describe("where private targets are not allowed", () => {
  let guarded: TestApp;
  let guardedHub: Served;

  beforeEach(async () => {
    guarded = await createTestApp({}, world);
    guardedHub = await serve(guarded);
  });

  afterEach(async () => {
    await guardedHub.close();
    await guarded.close();
  });

  const port = () => new URL(receiver.url).port;

  test("no spelling of a private address is registered, and none is changed to", async () => {
    const hosts = [
      "127.0.0.1",
      "127.1",
      "2130706433",
      "0x7f000001",
      "0177.0.0.1",
      "0",
      "10.0.0.1",
      "172.16.5.4",
      "192.168.1.1",
      "169.254.169.254",
      "100.64.0.1",
      "localhost",
      "hub.localhost",
      "LOCALHOST",
      "127.0.0.1.",
      "[::1]",
      "[::]",
      "[::ffff:127.0.0.1]",
      "[::ffff:7f00:1]",
      "[0:0:0:0:0:ffff:a00:1]",
      "[64:ff9b::7f00:1]",
      "[2002:7f00:1::]",
      "[fe80::1]",
      "[fc00::1]",
    ];
    const { id } = await registered();
    for (const host of hosts) {
      const url = `http://${host}:${port()}/hook`;
      const made = await guardedHub.send("POST", "/v1/webhooks", {
        as: world.keys.admin,
        body: { url, events: ["session.ended"] },
      });
      expect([host, made.status]).toEqual([host, 422]);
      expect(made.body["errors"]).toEqual([expect.objectContaining({ path: "url" })]);
      const changed = await guardedHub.send("PATCH", `/v1/webhooks/${id}`, {
        as: world.keys.admin,
        body: { url },
      });
      expect([host, changed.status]).toEqual([host, 422]);
    }
    const urls = await world.db`SELECT url FROM webhook_endpoints`;
    expect(urls).toEqual([{ url: receiver.url }]);
    expect(receiver.received).toHaveLength(0);
  });
});

describe("a URL whose name", () => {
  /** Registers it at a hub that asks a name server, whose answers may change in between. */
  const registerTwice = async (key: string, first: ReturnType<Zone>, then: ReturnType<Zone>) => {
    let answer = first;
    const dns = await startDnsServer(() => answer);
    const outbound = createOutboundHttp({ allowPrivateTargets: false, resolve: resolveByDns([dns.address]) });
    const asking = await serve({ ...world, app: { ...world.app, outbound } });
    const ask = () =>
      asking.send("POST", "/v1/webhooks", {
        as: world.keys.admin,
        body: { url: "https://hooks.example/", events: ["booking.accepted"] },
        headers: { "idempotency-key": key },
      });
    try {
      const before = await ask();
      answer = then;
      return [before, await ask()] as const;
    } finally {
      await asking.close();
      await dns.close();
    }
  };

  test.each<[string, ReturnType<Zone>]>([
    ["name servers fail to find", "fails"],
    ["name servers do not answer for", null],
  ])("%s may be given again at once, under the same key", async (words, answer) => {
    const [before, after] = await registerTwice(words.replaceAll(" ", "-"), answer, ["93.184.216.34"]);
    expect([before.status, before.body["code"]]).toEqual([503, "unavailable"]);
    expect(Number(before.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(before.text).not.toContain("hooks.example");
    expect(after.status).toBe(201);
    expect(after.headers.get("idempotency-replayed")).toBeNull();
  });

  test("is not there is refused, and stays refused under the same key", async () => {
    const [before, after] = await registerTwice("not-there", [], ["93.184.216.34"]);
    expect(before.status).toBe(422);
    expect([after.status, after.headers.get("idempotency-replayed")]).toEqual([422, "true"]);
  });
});
