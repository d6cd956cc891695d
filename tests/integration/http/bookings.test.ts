import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Client } from "../../../src/domain/client.ts";
import type { Coach } from "../../../src/domain/coach.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { type Served, serve } from "../../support/serve.ts";

let world: TestApp;
let hub: Served;
let coach: Coach;
let maya: Client;
let noah: Client;
let hour = 0;

beforeAll(async () => {
  world = await createTestApp();
  hub = await serve(world);
  coach = await world.makeCoach({ externalId: "ada" });
  maya = await world.makeClient({ externalId: "maya", email: "maya@example.com" });
  noah = await world.makeClient();
});

afterAll(async () => {
  await hub.close();
  await world.close();
});

/** A slot that no other test of this file asks for. */
const freeSlot = (): { startsAt: string; durationMinutes: number } => ({
  startsAt: new Date(Date.UTC(2040, 0, 1, hour++)).toISOString(),
  durationMinutes: 60,
});

const book = (input: Record<string, unknown>, headers: Record<string, string> = {}) =>
  hub.send("POST", "/v1/bookings", {
    as: world.keys.bookings,
    body: { coachId: coach.id, clientId: maya.id, ...input },
    headers,
  });

const countBookings = async (): Promise<number> => {
  const [row] = await world.db<[{ count: number }]>`SELECT count(*)::int AS count FROM bookings`;
  return row.count;
};

type Both = { booking: Record<string, unknown>; session: Record<string, unknown> };

describe("booking", () => {
  test("takes the time, makes the session and its first event, in the shapes of the contract", async () => {
    const slot = freeSlot();
    const { status, body, headers } = await book({
      ...slot,
      title: "First",
      notes: "Line\nline",
      metadata: { from: "crm" },
    });
    const { booking, session } = body as Both;
    expect(status).toBe(201);
    expect(headers.get("etag")).toBe('"1"');
    expect(booking).toEqual({
      id: expect.any(String) as string,
      status: "accepted",
      coachId: coach.id,
      clientId: maya.id,
      poolId: null,
      sessionTypeId: null,
      title: "First",
      startsAt: slot.startsAt,
      endsAt: new Date(Date.parse(slot.startsAt) + 3_600_000).toISOString(),
      notes: "Line\nline",
      metadata: { from: "crm" },
      sessionId: session["id"],
      version: 1,
      createdAt: expect.any(String) as string,
      updatedAt: expect.any(String) as string,
    });
    expect(session).toMatchObject({
      bookingId: booking["id"],
      status: "scheduled",
      participantCount: 0,
      lastSeq: 1,
    });
    const events = await hub.send("GET", `/v1/sessions/${String(session["id"])}/events`, {
      as: world.keys.read,
    });
    expect(events.body).toMatchObject({
      data: [
        { seq: 1, type: "session:scheduled", actor: { type: "key" }, data: { session: { lastSeq: 1 } } },
      ],
      nextCursor: null,
    });
  });

  test("gives the same client the same booking for the same slot, with 200", async () => {
    const slot = freeSlot();
    const first = await book(slot);
    const again = await book(slot);
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body).toEqual(first.body);
  });

  test("refuses another client the slot, and any slot that overlaps, with the reason", async () => {
    const slot = freeSlot();
    await book(slot);
    hour += 1;
    const half = new Date(Date.parse(slot.startsAt) + 1_800_000).toISOString();
    for (const input of [
      { ...slot, clientId: noah.id },
      { ...slot, startsAt: half, clientId: noah.id },
    ]) {
      const refused = await book(input);
      expect(refused.status).toBe(409);
      expect(refused.body).toMatchObject({
        type: "/problems/slot-unavailable",
        title: "Slot unavailable",
        status: 409,
        code: "slot_unavailable",
        reason: "taken",
        requestId: refused.headers.get("x-request-id"),
      });
    }
  });

  test("takes references by external id, and an end instead of a length", async () => {
    const { startsAt } = freeSlot();
    const endsAt = new Date(Date.parse(startsAt) + 900_000).toISOString();
    const { status, body } = await book({ coachId: "ext:ada", clientId: "ext:maya", startsAt, endsAt });
    expect([status, (body as Both).booking]).toEqual([
      201,
      expect.objectContaining({ coachId: coach.id, clientId: maya.id, endsAt }),
    ]);
  });

  test("finds an inline client by external id, else by mail, else makes one", async () => {
    const clientOf = async (client: Record<string, unknown>) => {
      const { status, body } = await book({ ...freeSlot(), clientId: undefined, client });
      expect(status).toBe(201);
      return (body as Both).booking["clientId"];
    };
    expect(await clientOf({ name: "M", externalId: "maya", email: "other@example.com" })).toBe(maya.id);
    expect(await clientOf({ name: "M", email: "MAYA@example.com" })).toBe(maya.id);
    const made = await clientOf({ name: "Ines", externalId: "ines" });
    expect(await clientOf({ name: "Ines", externalId: "ines" })).toBe(made);
  });

  test("frees the time when it is cancelled, closes the session, and refuses to cancel twice", async () => {
    const slot = freeSlot();
    const { body } = await book(slot);
    const { booking, session } = body as Both;
    const path = `/v1/bookings/${String(booking["id"])}/cancel`;
    const cancelled = await hub.send("POST", path, { as: world.keys.bookings, body: { reason: "ill" } });
    expect(cancelled.status).toBe(200);
    expect(cancelled.body).toMatchObject({
      booking: { status: "cancelled", version: 2 },
      session: { id: session["id"], status: "cancelled", endReason: "ill", lastSeq: 2 },
    });
    const twice = await hub.send("POST", path, { as: world.keys.bookings });
    expect([twice.status, twice.body]).toEqual([
      409,
      expect.objectContaining({ code: "invalid_state", state: "cancelled" }),
    ]);
    expect((await book({ ...slot, clientId: noah.id })).status).toBe(201);
  });

  test("honours If-Match: another version is refused and changes nothing", async () => {
    const { body } = await book(freeSlot());
    const id = String((body as Both).booking["id"]);
    const cancel = (version: string) =>
      hub.send("POST", `/v1/bookings/${id}/cancel`, {
        as: world.keys.bookings,
        headers: { "if-match": version },
      });
    const stale = await cancel('"7"');
    expect([stale.status, stale.body["code"]]).toEqual([412, "version_mismatch"]);
    expect((await cancel("seven")).status).toBe(422);
    expect((await cancel('"1"')).status).toBe(200);
  });
});

describe("an idempotency key", () => {
  test("gives the first answer again, byte for byte, and does the work once", async () => {
    const slot = freeSlot();
    const headers = { "idempotency-key": `"${crypto.randomUUID()}"` };
    const before = await countBookings();
    const first = await book(slot, headers);
    const again = await book(slot, headers);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.text).toBe(first.text);
    expect(again.headers.get("etag")).toBe(first.headers.get("etag"));
    expect([first.headers.get("idempotency-replayed"), again.headers.get("idempotency-replayed")]).toEqual([
      null,
      "true",
    ]);
    expect(await countBookings()).toBe(before + 1);
  });

  test("is refused for another body and for another path", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    await book(freeSlot(), headers);
    const reused = await book(freeSlot(), headers);
    expect([reused.status, reused.body["code"]]).toEqual([422, "idempotency_key_reused"]);
  });

  test("is a caller's own: the same key of another caller is another request", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const first = await book(freeSlot(), headers);
    const other = await hub.send("POST", "/v1/bookings", {
      as: world.keys.admin,
      body: { coachId: coach.id, clientId: noah.id, ...freeSlot() },
      headers,
    });
    expect([first.status, other.status]).toEqual([201, 201]);
  });

  test("does the work once when many send it at the same time, and answers them all alike", async () => {
    const slot = freeSlot();
    const headers = { "idempotency-key": crypto.randomUUID() };
    const before = await countBookings();
    const answers = await Promise.all(Array.from({ length: 8 }, () => book(slot, headers)));
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 8 }, () => 201));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
    expect(await countBookings()).toBe(before + 1);
  });

  test("keeps a 422 and an invalid_state, and never a slot_unavailable", async () => {
    const slot = freeSlot();
    const invalid = { "idempotency-key": crypto.randomUUID() };
    await book({ ...slot, durationMinutes: 0 }, invalid);
    const again = await book({ ...slot, durationMinutes: 0 }, invalid);
    expect([again.status, again.headers.get("idempotency-replayed")]).toEqual([422, "true"]);
    expect(again.headers.get("content-type")).toBe("application/problem+json");

    const { body } = await book(slot);
    const taken = { "idempotency-key": crypto.randomUUID() };
    expect((await book({ ...slot, clientId: noah.id }, taken)).status).toBe(409);
    await hub.send("POST", `/v1/bookings/${String((body as Both).booking["id"])}/cancel`, {
      as: world.keys.bookings,
    });
    const free = await book({ ...slot, clientId: noah.id }, taken);
    expect([free.status, free.headers.get("idempotency-replayed")]).toEqual([201, null]);
  });

  test.each(["", "with space", "x".repeat(256), "ä"])("is refused when it is none: %j", async (key) => {
    const refused = await book(freeSlot(), { "idempotency-key": encodeURI(key) === key ? key : "\u00e4" });
    expect([refused.status, refused.body["code"]]).toEqual([422, "invalid_request"]);
  });
});

describe("bad input is refused, names the field and changes nothing", () => {
  const startsAt = "2041-01-01T10:00:00Z";
  test.each<[string, Record<string, unknown>, string]>([
    ["an end before the start", { startsAt, endsAt: "2041-01-01T09:00:00Z" }, "endsAt"],
    ["no length", { startsAt, durationMinutes: 0 }, "durationMinutes"],
    ["a negative length", { startsAt, durationMinutes: -30 }, "durationMinutes"],
    ["more than a day", { startsAt, durationMinutes: 1441 }, "durationMinutes"],
    ["more than a day by its end", { startsAt, endsAt: "2041-01-02T10:01:00Z" }, "endsAt"],
    ["a length past range", { startsAt, durationMinutes: 1e300 }, "durationMinutes"],
    ["half a minute", { startsAt, durationMinutes: 1.5 }, "durationMinutes"],
    ["a length in words", { startsAt, durationMinutes: "30" }, "durationMinutes"],
    ["a length and an end", { startsAt, durationMinutes: 30, endsAt: "2041-01-01T10:30:00Z" }, "endsAt"],
    ["neither length nor end", { startsAt }, "durationMinutes"],
    ["a start in the past", { startsAt: "2020-01-01T10:00:00Z", durationMinutes: 30 }, "startsAt"],
    ["no offset", { startsAt: "2041-01-01T10:00:00", durationMinutes: 30 }, "startsAt"],
    ["a day that does not exist", { startsAt: "2041-02-30T10:00:00Z", durationMinutes: 30 }, "startsAt"],
    ["a year past range", { startsAt: "9999-01-01T10:00:00Z", durationMinutes: 30 }, "startsAt"],
    ["no start", { durationMinutes: 30 }, "startsAt"],
    ["control characters", { startsAt, durationMinutes: 30, title: "bell\u0007" }, "title"],
    ["a NUL", { startsAt, durationMinutes: 30, notes: "a\u0000b" }, "notes"],
    ["broken Unicode", { startsAt, durationMinutes: 30, title: "\ud800" }, "title"],
    ["an unknown field", { startsAt, durationMinutes: 30, price: 3 }, "price"],
    [
      "too much metadata",
      {
        startsAt,
        durationMinutes: 30,
        metadata: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`k${n}`, "v"])),
      },
      "metadata",
    ],
    ["nested metadata", { startsAt, durationMinutes: 30, metadata: { a: { b: "c" } } }, "metadata.a"],
    ["no client", { startsAt, durationMinutes: 30, clientId: undefined }, "clientId"],
    ["two clients", { startsAt, durationMinutes: 30, client: { name: "M" } }, "client"],
    ["an id that is none", { startsAt, durationMinutes: 30, coachId: "ada" }, "coachId"],
  ])("%s", async (_, input, path) => {
    const before = await countBookings();
    const refused = await book(input);
    expect([refused.status, refused.body["code"]]).toEqual([422, "invalid_request"]);
    expect((refused.body["errors"] as { path: string }[]).map((error) => error.path)).toContain(path);
    expect(await countBookings()).toBe(before);
  });

  test("an id of nobody", async () => {
    for (const input of [
      { coachId: crypto.randomUUID() },
      { clientId: crypto.randomUUID() },
      { coachId: "ext:nobody" },
    ]) {
      const refused = await book({ startsAt, durationMinutes: 30, ...input });
      expect([refused.status, refused.body["code"]]).toEqual([404, "not_found"]);
    }
  });

  const raw = (body: string, headers: Record<string, string> = {}) =>
    hub.send("POST", "/v1/bookings", { as: world.keys.bookings, body, headers });

  test("a body that is malformed, doubled, too large, of another type or missing", async () => {
    const codes = async (reply: ReturnType<typeof raw>) => [(await reply).status, (await reply).body["code"]];
    expect(await codes(raw("{"))).toEqual([400, "malformed_json"]);
    expect(await codes(raw('{"coachId":"a","coach\\u0049d":"b"}'))).toEqual([422, "invalid_request"]);
    expect(await codes(raw(`{"title":"${"x".repeat(70_000)}"}`))).toEqual([413, "body_too_large"]);
    const chunked = await fetch(`${hub.url}/v1/bookings`, {
      method: "POST",
      headers: { "x-api-key": world.keys.bookings, "content-type": "application/json" },
      body: new Blob([`{"title":"${"x".repeat(70_000)}"}`]).stream(),
      duplex: "half",
    });
    expect(chunked.status).toBe(413);
    expect(await codes(raw("a=b", { "content-type": "application/x-www-form-urlencoded" }))).toEqual([
      415,
      "unsupported_media_type",
    ]);
    expect(await codes(raw("[]"))).toEqual([422, "invalid_request"]);
    expect(await codes(raw('{"__proto__":{"admin":true}}'))).toEqual([422, "invalid_request"]);
    const missing = await hub.send("POST", "/v1/bookings", { as: world.keys.bookings });
    expect(missing.status).toBe(422);
  });
});

describe("a booking of somebody else", () => {
  test("looks like one that is not there, whatever is tried with it", async () => {
    const { body } = await book(freeSlot());
    const id = String((body as Both).booking["id"]);
    const stranger = await world.userToken("client", noah.id);
    const otherCoach = await world.userToken("coach", (await world.makeCoach()).id);
    for (const as of [stranger, otherCoach]) {
      for (const [method, suffix] of [
        ["GET", ""],
        ["POST", "/cancel"],
      ] as const) {
        const theirs = await hub.send(method, `/v1/bookings/${id}${suffix}`, { as });
        const nobodys = await hub.send(method, `/v1/bookings/${crypto.randomUUID()}${suffix}`, { as });
        expect(theirs.status).toBe(404);
        expect({ ...theirs.body, requestId: "" }).toEqual({ ...nobodys.body, requestId: "" });
      }
      const list = await hub.send("GET", "/v1/bookings", { as });
      expect(list.text).not.toContain(id);
    }
  });

  test("is made by nobody but those whom the ownership table names", async () => {
    const status = async (as: string, input: Record<string, unknown>) =>
      (await hub.send("POST", "/v1/bookings", { as, body: { coachId: coach.id, ...freeSlot(), ...input } }))
        .status;
    const asMaya = await world.userToken("client", maya.id);
    const asCoach = await world.userToken("coach", coach.id);
    const asOther = await world.userToken("coach", (await world.makeCoach()).id);
    expect(await status(asMaya, {})).toBe(201);
    expect(await status(asMaya, { clientId: noah.id })).toBe(404);
    expect(await status(asMaya, { client: { name: "Somebody" } })).toBe(403);
    expect(await status(asCoach, { clientId: noah.id })).toBe(201);
    expect(await status(asOther, { clientId: noah.id })).toBe(404);
    expect(await status(world.keys.read, { clientId: noah.id })).toBe(403);
  });
});

describe("the list of bookings", () => {
  test("is paged, newest first, stable while new ones come, and shows the asker's own only", async () => {
    const client = await world.makeClient();
    const made: unknown[] = [];
    const add = async () =>
      made.unshift(((await book({ ...freeSlot(), clientId: client.id })).body as Both).booking["id"]);
    for (let n = 0; n < 5; n++) await add();
    const expected = [...made];
    const as = await world.userToken("client", client.id);
    const seen: unknown[] = [];
    let cursor: string | null = "";
    do {
      const query: string = cursor ? `&cursor=${cursor}` : "";
      const page = await hub.send("GET", `/v1/bookings?limit=2${query}`, { as });
      seen.push(...(page.body["data"] as { id: string }[]).map((booking) => booking.id));
      cursor = page.body["nextCursor"] as string | null;
      await add();
    } while (cursor !== null);
    expect(seen).toEqual(expected);
  });

  test("can be narrowed and sorted by start", async () => {
    const other = await world.makeCoach();
    const day = [3, 1, 2].map((at) => `2042-01-0${at}T10:00:00.000Z`);
    for (const startsAt of day) await book({ coachId: other.id, startsAt, durationMinutes: 30 });
    const query = `coachId=${other.id}&from=2042-01-02T00:00:00Z&to=2042-01-04T00:00:00Z&status=accepted&sort=startsAt&limit=1`;
    const first = await hub.send("GET", `/v1/bookings?${query}`, { as: world.keys.read });
    const second = await hub.send("GET", `/v1/bookings?${query}&cursor=${String(first.body["nextCursor"])}`, {
      as: world.keys.read,
    });
    expect(
      [first, second].map(({ body }) => (body["data"] as { startsAt: string }[]).map((b) => b.startsAt)),
    ).toEqual([["2042-01-02T10:00:00.000Z"], ["2042-01-03T10:00:00.000Z"]]);
    expect(second.body["nextCursor"]).toBeNull();
  });

  test.each([
    "limit=0",
    "limit=201",
    "limit=ten",
    "cursor=xyz",
    `cursor=${btoa('["x","01a1fbed-46ae-70e1-b9f7-9dfafe0fad0b"]')}&sort=startsAt`,
    `cursor=${btoa('["+275760-09-13T00:00:00.000Z","01a1fbed-46ae-70e1-b9f7-9dfafe0fad0b"]')}&sort=startsAt`,
    `cursor=${btoa('[null,"01a1fbed-46ae-70e1-b9f7-9dfafe0fad0b"]')}&sort=startsAt`,
    "page=2",
    "limit=1&limit=2",
    "status=lost",
    "from=today",
  ])("refuses %s", async (query) => {
    const refused = await hub.send("GET", `/v1/bookings?${query}`, { as: world.keys.read });
    expect([refused.status, refused.body["code"]]).toEqual([422, "invalid_request"]);
  });
});
