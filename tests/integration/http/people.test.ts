import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDatabase } from "../../../src/db/client.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { type Served, serve } from "../../support/serve.ts";
import { waitFor } from "../../support/wait.ts";

let world: TestApp;
let hub: Served;

beforeAll(async () => {
  world = await createTestApp();
  hub = await serve(world);
});

afterAll(async () => {
  await hub.close();
  await world.close();
});

const ada = { name: "Ada Okafor", timeZone: "Europe/Berlin" };

describe.each([
  ["coaches", "coach"],
  ["clients", "client"],
] as const)("%s", (noun, what) => {
  test("are made, read by id and by the caller's own id, and listed newest first", async () => {
    const externalId = `crm ${noun} ä/7`;
    const made = await hub.send("POST", `/v1/${noun}`, {
      as: world.keys.admin,
      body: { ...ada, externalId, email: "a@example.com" },
    });
    expect(made.status).toBe(201);
    expect(made.headers.get("etag")).toBe('"1"');
    expect(made.body).toMatchObject({ ...ada, externalId, email: "a@example.com", version: 1 });
    const id = String(made.body["id"]);
    for (const ref of [id, id.toUpperCase(), `ext:${encodeURIComponent(externalId)}`]) {
      const read = await hub.send("GET", `/v1/${noun}/${ref}`, { as: world.keys.read });
      expect([read.status, read.body]).toEqual([200, made.body]);
    }
    const list = await hub.send("GET", `/v1/${noun}?limit=1`, { as: world.keys.read });
    expect(list.body).toMatchObject({ data: [{ id }] });
  });

  test("are refused a second time under one external id, naming the field", async () => {
    const body = { ...ada, externalId: `twice-${noun}` };
    await hub.send("POST", `/v1/${noun}`, { as: world.keys.admin, body });
    const refused = await hub.send("POST", `/v1/${noun}`, { as: world.keys.admin, body });
    expect([refused.status, refused.body]).toEqual([
      409,
      expect.objectContaining({ code: "already_exists", field: "externalId" }),
    ]);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["no name", { name: undefined }, "name"],
    ["an empty name", { name: "" }, "name"],
    ["a name with a line feed", { name: "A\nB" }, "name"],
    ["an unknown zone", { timeZone: "Mars/Olympus" }, "timeZone"],
    ["an offset for a zone", { timeZone: "+02:00" }, "timeZone"],
    ["an address that is none", { email: "ada" }, "email"],
    ["a field of nobody", { admin: true }, "admin"],
  ])("are refused with %s", async (_, input, path) => {
    const refused = await hub.send("POST", `/v1/${noun}`, {
      as: world.keys.admin,
      body: { ...ada, ...input },
    });
    expect([refused.status, refused.body["errors"]]).toEqual([422, [expect.objectContaining({ path })]]);
  });

  test("of others look like nobody; one's own can be read", async () => {
    const own = what === "coach" ? await world.makeCoach() : await world.makeClient();
    const other = what === "coach" ? await world.makeCoach() : await world.makeClient();
    const as = await world.userToken(what, own.id);
    expect((await hub.send("GET", `/v1/${noun}/${own.id}`, { as })).body["id"]).toBe(own.id);
    const theirs = await hub.send("GET", `/v1/${noun}/${other.id}`, { as });
    const nobodys = await hub.send("GET", `/v1/${noun}/${crypto.randomUUID()}`, { as });
    const malformed = await hub.send("GET", `/v1/${noun}/-`, { as });
    expect([theirs.status, nobodys.status, malformed.status]).toEqual([404, 404, 404]);
    expect({ ...theirs.body, requestId: "" }).toEqual({ ...nobodys.body, requestId: "" });
    const list = await hub.send("GET", `/v1/${noun}`, { as });
    expect((list.body["data"] as { id: string }[]).map(({ id }) => id)).toEqual([own.id]);
  });
});

test("one key makes one client, however many requests with it come at the same time", async () => {
  const headers = { "idempotency-key": crypto.randomUUID() };
  const body = { name: "Made once", timeZone: "UTC" };
  const post = () => hub.send("POST", "/v1/clients", { as: world.keys.admin, body, headers });
  // Nobody gets past the insert until all who could be there are: whoever works on the key twice is seen.
  const other = openDatabase({ url: world.databaseUrl, poolSize: 2 });
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: locked, resolve: lock } = Promise.withResolvers<void>();
  const holding = other.begin(async (sql) => {
    await sql`LOCK TABLE clients IN EXCLUSIVE MODE`;
    lock();
    await released;
  });
  await locked;
  const asked = Promise.all(Array.from({ length: 6 }, post));
  const startedAt = performance.now();
  await waitFor(
    async () => {
      const waiting =
        await other`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%clients%'`;
      return waiting.length > 1 || (waiting.length === 1 && performance.now() - startedAt > 500);
    },
    { what: "the requests to wait" },
  );
  release();
  await holding;
  await other.end();
  const answers = await asked;
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(answers[0]?.status).toBe(201);
  expect(await world.db`SELECT id FROM clients WHERE name = 'Made once'`).toHaveLength(1);
});

test("clients see the public fields of active coaches and no more", async () => {
  const client = await world.makeClient();
  const coach = await world.makeCoach({ email: "secret@example.com", score: 0.9 });
  const as = await world.userToken("client", client.id);
  const read = await hub.send("GET", `/v1/coaches/${coach.id}`, { as });
  expect(read.body).toEqual({ id: coach.id, name: coach.name, timeZone: coach.timeZone });
  await world.db`UPDATE coaches SET active = false WHERE id = ${coach.id}`;
  expect((await hub.send("GET", `/v1/coaches/${coach.id}`, { as })).status).toBe(404);
  expect((await hub.send("GET", "/v1/coaches?limit=200", { as })).text).not.toContain(coach.id);
  const coachless = await hub.send("GET", "/v1/clients", { as: await world.userToken("coach", coach.id) });
  expect(coachless.body).toEqual({ data: [], nextCursor: null });
});

describe("who may make people", () => {
  test.each<[string, "coaches" | "clients", number]>([
    ["read", "coaches", 403],
    ["bookings", "coaches", 403],
    ["admin", "coaches", 201],
    ["read", "clients", 403],
    ["bookings", "clients", 201],
  ])("a key of scope %s, %s: %i", async (scope, noun, status) => {
    const as = world.keys[scope as "read" | "bookings" | "admin"];
    expect((await hub.send("POST", `/v1/${noun}`, { as, body: ada })).status).toBe(status);
  });

  test("users may not, but for admins", async () => {
    const coach = await world.makeCoach();
    const post = async (as: string) => (await hub.send("POST", "/v1/clients", { as, body: ada })).status;
    expect(await post(await world.userToken("coach", coach.id))).toBe(403);
    expect(await post(await world.userToken("admin", "root"))).toBe(201);
  });
});

describe("a credential", () => {
  const status = async (headers: Record<string, string>) => {
    const { status: code, body, headers: answered } = await hub.send("GET", "/v1/sessions", { headers });
    return [code, body["code"], answered.get("www-authenticate")];
  };

  test("is an API key in either header, or a token", async () => {
    const token = await world.userToken("admin", "root");
    expect(await status({ "x-api-key": world.keys.read })).toEqual([200, undefined, null]);
    expect(await status({ authorization: `Bearer ${world.keys.read}` })).toEqual([200, undefined, null]);
    expect(await status({ authorization: `bearer ${token}` })).toEqual([200, undefined, null]);
  });

  test("that is missing, unknown, revoked, expired, forged, of another kind or doubled is refused with 401", async () => {
    const coach = await world.makeCoach();
    const { session } = await world.makeBooking({ coach, client: await world.makeClient() });
    const ticket = await hub.send("POST", `/v1/sessions/${session.id}/join`, {
      as: world.keys.admin,
      body: { as: "coach" },
    });
    const none = btoa('{"alg":"none"}').replaceAll("=", "");
    const claims = btoa(JSON.stringify({ sub: coach.id, role: "admin", exp: 4e9 })).replaceAll("=", "");
    await world.db`UPDATE api_keys SET revoked_at = now() WHERE name = 'bookings'`;
    for (const headers of [
      {},
      { "x-api-key": "ck_nobodys" },
      { "x-api-key": world.keys.bookings },
      { authorization: `Bearer ${none}.${claims}.` },
      { authorization: `Bearer ${(await world.userToken("admin", "root")).slice(0, -4)}AAAA` },
      { authorization: `Bearer ${await world.userToken("coach", crypto.randomUUID())}` },
      { authorization: `Bearer ${String(ticket.body["ticket"])}` },
      { authorization: "Basic YTpi" },
      { authorization: `Bearer ${world.keys.read}`, "x-api-key": world.keys.admin },
    ]) {
      expect(await status(headers)).toEqual([401, "unauthenticated", "Bearer"]);
    }
    const expired = await world.userToken("coach", coach.id, -60);
    expect(await status({ authorization: `Bearer ${expired}` })).toEqual([401, "token_expired", "Bearer"]);
  });
});

describe("the server", () => {
  test("says what it is and that it is ready, to anybody", async () => {
    expect((await hub.send("GET", "/healthz")).body).toEqual({ status: "ok" });
    const ready = await hub.send("GET", "/readyz");
    expect([ready.status, ready.body]).toEqual([
      200,
      { status: "ok", database: "ok", migrations: "current", redis: "off" },
    ]);
  });

  test("tells a path that is not there from a method that is not allowed", async () => {
    const nowhere = await hub.send("GET", "/v1/nowhere", { as: world.keys.admin });
    expect([nowhere.status, nowhere.body["code"]]).toEqual([404, "not_found"]);
    const wrong = await hub.send("DELETE", "/v1/coaches", { as: world.keys.admin });
    expect([wrong.status, wrong.body["code"], wrong.headers.get("allow")]).toEqual([
      405,
      "method_not_allowed",
      "POST, GET",
    ]);
  });

  test("takes a request id that is one, and makes one otherwise", async () => {
    const given = await hub.send("GET", "/healthz", { headers: { "x-request-id": "crm:42" } });
    const made = await hub.send("GET", "/healthz", { headers: { "x-request-id": "no spaces please" } });
    expect(given.headers.get("x-request-id")).toBe("crm:42");
    expect(made.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("keeps answers out of caches and tells nobody of its faults", async () => {
    expect((await hub.send("GET", "/v1/coaches", { as: world.keys.read })).headers.get("cache-control")).toBe(
      "no-store",
    );
    await world.db`ALTER TABLE coaches RENAME TO elsewhere`;
    try {
      const fault = await hub.send("GET", "/v1/coaches", { as: world.keys.read });
      expect([fault.status, fault.body["code"]]).toEqual([500, "internal"]);
      expect(fault.text).not.toContain("relation");
    } finally {
      await world.db`ALTER TABLE elsewhere RENAME TO coaches`;
    }
  });

  test("documents every operation from the schemas that validate, and serves the page without a network", async () => {
    const { body } = await hub.send("GET", "/openapi.json");
    const paths = body["paths"] as Record<string, Record<string, { operationId: string; responses: object }>>;
    const ids = Object.values(paths).flatMap((item) =>
      Object.values(item).map(({ operationId }) => operationId),
    );
    expect(ids).toHaveLength(20);
    expect(new Set(ids).size).toBe(20);
    const booking = paths["/v1/bookings"]?.["post"];
    expect(Object.keys(booking?.responses ?? {})).toEqual(
      expect.arrayContaining(["200", "201", "409", "422"]),
    );
    expect(JSON.stringify(body)).not.toContain('"$ref":"#/components/schemas/undefined');
    const page = await hub.send("GET", "/docs");
    expect(page.text).not.toMatch(/(?:src|href)="https?:/);
    for (const [, path] of page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      expect([path, (await hub.send("GET", path ?? "")).status]).toEqual([path, 200]);
    }
  });
});
