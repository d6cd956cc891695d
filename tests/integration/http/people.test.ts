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
