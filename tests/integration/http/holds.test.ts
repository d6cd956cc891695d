import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Client } from "../../../src/domain/client.ts";
import type { Coach } from "../../../src/domain/coach.ts";
import { releaseLapsed } from "../../../src/usecases/lanes/lapse.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { type Served, serve } from "../../support/serve.ts";

let world: TestApp;
let hub: Served;
let coach: Coach;
let maya: Client;

const startsAt = "2030-01-07T10:00:00.000Z";

beforeAll(async () => {
  world = await createTestApp();
  hub = await serve(world);
});

afterAll(async () => {
  await hub.close();
  await world.close();
});

beforeEach(async () => {
  coach = await world.makeCoach();
  maya = await world.makeClient();
});

const hold = (input: Record<string, unknown> = {}, as = world.keys.bookings) =>
  hub.send("POST", "/v1/holds", { as, body: { coachId: coach.id, startsAt, durationMinutes: 30, ...input } });
const book = (
  input: Record<string, unknown>,
  as = world.keys.bookings,
  headers: Record<string, string> = {},
) => hub.send("POST", "/v1/bookings", { as, body: input, headers });
const bookSlot = (input: Record<string, unknown> = {}) =>
  book({ coachId: coach.id, clientId: maya.id, startsAt, durationMinutes: 30, ...input });
const readHold = (id: unknown, as = world.keys.bookings) =>
  hub.send("GET", `/v1/holds/${String(id)}`, { as });

/** Lets a hold's time run out, as the database sees it. */
const lapse = async (id: unknown): Promise<void> => {
  await world.db`UPDATE claims SET expires_at = now() - interval '1 second' WHERE id = (SELECT claim_id FROM holds WHERE id = ${String(id)})`;
  await world.db`UPDATE holds SET expires_at = now() - interval '1 second' WHERE id = ${String(id)}`;
};

describe("a hold", () => {
  test("keeps its time from others for five minutes, or as long as asked, never past its start", async () => {
    const made = await hold({ clientId: maya.id });
    expect([made.status, made.body]).toMatchObject([
      201,
      { status: "open", coachId: coach.id, clientId: maya.id, poolId: null, sessionTypeId: null, startsAt },
    ]);
    const lasts = (body: Record<string, unknown>) =>
      (Date.parse(String(body["expiresAt"])) - Date.parse(String(body["createdAt"]))) / 1000;
    expect(lasts(made.body)).toBe(300);
    const taken = await bookSlot();
    expect([taken.status, taken.body["reason"]]).toEqual([409, "taken"]);
    const longer = await hold({ startsAt: "2030-01-08T10:00:00Z", ttlSeconds: 900 });
    expect(lasts(longer.body)).toBe(900);
    const soon = new Date(Date.now() + 60_000).toISOString();
    expect((await hold({ startsAt: soon })).body["expiresAt"]).toBe(soon);
  });

  test("becomes its booking, in one step, with nothing but the client to add", async () => {
    const { body } = await hold();
    const made = await book({ holdId: body["id"], clientId: maya.id, title: "From a form" });
    expect([made.status, made.body["booking"]]).toMatchObject([
      201,
      { status: "accepted", coachId: coach.id, clientId: maya.id, startsAt, title: "From a form" },
    ]);
    expect((await readHold(body["id"])).body["status"]).toBe("converted");
    const [claims] = await world.db<
      { kinds: string[] }[]
    >`SELECT array_agg(kind) AS kinds FROM claims WHERE coach_id = ${coach.id}`;
    expect(claims?.kinds).toEqual(["booking"]);
    const again = await book({ holdId: body["id"], clientId: maya.id });
    expect([again.status, again.body["booking"]]).toEqual([200, made.body["booking"]]);
  });

  test("is booked once, however many try at the same moment", async () => {
    const { body } = await hold();
    const clients = await Promise.all(Array.from({ length: 8 }, () => world.makeClient()));
    const answers = await Promise.all(clients.map(({ id }) => book({ holdId: body["id"], clientId: id })));
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([
      201,
      ...Array.from({ length: 7 }, () => 409),
    ]);
  });

  test("whose time is over keeps nothing, converts to nothing, and says so once it is looked at", async () => {
    const { body } = await hold({ clientId: maya.id });
    await lapse(body["id"]);
    const late = await book({ holdId: body["id"] });
    expect([late.status, late.body]).toMatchObject([
      409,
      { code: "slot_unavailable", reason: "hold_expired" },
    ]);
    expect((await readHold(body["id"])).body["status"]).toBe("expired");
    expect((await bookSlot()).status).toBe(201);
  });

  test("whose time is over is ended without anybody asking, and stops nobody before that", async () => {
    const { body } = await hold();
    await lapse(body["id"]);
    const listed = await hub.send(
      "GET",
      `/v1/slots?coachId=${coach.id}&from=${startsAt}&to=2030-01-07T10:15:00Z&durationMinutes=30`,
      {
        as: world.keys.read,
      },
    );
    expect(listed.body["total"]).toBe(1);
    expect(await releaseLapsed(world.app)).toBeGreaterThan(0);
    expect((await readHold(body["id"])).body["status"]).toBe("expired");
    expect(await releaseLapsed(world.app)).toBe(0);
  });

  test("may be let go of, again and again", async () => {
    const { body } = await hold();
    const path = `/v1/holds/${String(body["id"])}`;
    expect((await hub.send("DELETE", path, { as: world.keys.bookings })).status).toBe(204);
    expect((await hub.send("DELETE", path, { as: world.keys.bookings })).status).toBe(204);
    expect((await readHold(body["id"])).body["status"]).toBe("released");
    const gone = await book({ holdId: body["id"], clientId: maya.id });
    expect([gone.status, gone.body["reason"]]).toEqual([409, "hold_expired"]);
    expect((await bookSlot()).status).toBe(201);
  });

  test("is its caller's, its client's and the house's; to anybody else it is not there", async () => {
    const { body } = await hold({ clientId: maya.id });
    const own = await world.userToken("client", maya.id);
    const other = await world.userToken("client", (await world.makeClient()).id);
    const theCoach = await world.userToken("coach", coach.id);
    const statuses = async (as: string) => [
      (await readHold(body["id"], as)).status,
      (await book({ holdId: body["id"] }, as)).status,
      (await hub.send("DELETE", `/v1/holds/${String(body["id"])}`, { as })).status,
    ];
    for (const as of [other, theCoach, world.keys.read]) expect(await statuses(as)).toEqual([404, 404, 404]);
    expect((await readHold(body["id"], own)).status).toBe(200);
    expect((await readHold(body["id"], world.keys.admin)).status).toBe(200);
    expect((await readHold(crypto.randomUUID())).status).toBe(404);
    expect((await book({ holdId: body["id"] }, own)).status).toBe(201);
  });

  test("may be had five times by a client, across coaches and at the same moment, and anew when one ends", async () => {
    const as = await world.userToken("client", maya.id);
    const coaches = await Promise.all(Array.from({ length: 9 }, () => world.makeCoach()));
    const all = await Promise.all(coaches.map(({ id }) => hold({ coachId: id }, as)));
    const codes = all.map(({ status, body }) => (status === 201 ? "made" : String(body["code"]))).sort();
    expect(codes).toEqual([
      ...Array.from({ length: 5 }, () => "made"),
      ...Array.from({ length: 4 }, () => "too_many_holds"),
    ]);
    const one = all.find(({ status }) => status === 201);
    await hub.send("DELETE", `/v1/holds/${String(one?.body["id"])}`, { as });
    expect((await hold({ startsAt: "2030-02-01T10:00:00Z" }, as)).status).toBe(201);
    expect((await hold({ startsAt: "2030-02-01T12:00:00Z" })).status).toBe(201);
  });

  test.each([
    ["another coach", { coachId: "other" }, "holdId"],
    ["another start", { startsAt: "2030-01-07T10:15:00Z" }, "startsAt"],
    ["another end", { endsAt: "2030-01-07T10:45:00Z" }, "endsAt"],
    ["another length", { durationMinutes: 45 }, "durationMinutes"],
    ["a type", { sessionTypeId: crypto.randomUUID() }, "sessionTypeId"],
  ])("is not booked with %s", async (_, differing, path) => {
    const { body } = await hold({ clientId: maya.id });
    const input = "coachId" in differing ? { coachId: coach.id } : differing;
    const refused = await book({ holdId: body["id"], ...input });
    expect([refused.status, refused.body["code"]]).toEqual([422, "invalid_request"]);
    expect((refused.body["errors"] as { path: string }[])[0]?.path).toBe(path);
    expect((await readHold(body["id"])).body["status"]).toBe("open");
  });

  test("is not booked for another client than the one it names, nor for nobody", async () => {
    const named = await hold({ clientId: maya.id });
    expect((await book({ holdId: named.body["id"], clientId: (await world.makeClient()).id })).status).toBe(
      422,
    );
    const nameless = await hold({ startsAt: "2030-01-09T10:00:00Z" });
    expect((await book({ holdId: nameless.body["id"] })).status).toBe(422);
  });

  test.each([
    ["an end before its start", { durationMinutes: undefined, endsAt: "2030-01-07T09:00:00Z" }, 422],
    ["a start in the past", { startsAt: "2020-01-07T10:00:00Z" }, 422],
    ["a length and an end", { endsAt: "2030-01-07T10:30:00Z" }, 422],
    ["a longer life than a quarter of an hour", { ttlSeconds: 901 }, 422],
    ["no life at all", { ttlSeconds: 0 }, 422],
    ["no offset", { startsAt: "2030-01-07T10:00:00" }, 422],
    ["a client who is not there", { clientId: crypto.randomUUID() }, 404],
    ["a coach who is not there", { coachId: crypto.randomUUID() }, 404],
    ["what is not known", { colour: "red" }, 422],
  ])("is refused with %s, and keeps nothing", async (_, input, status) => {
    expect((await hold(input)).status).toBe(status);
    const [claims] = await world.db<
      { count: number }[]
    >`SELECT count(*)::int AS count FROM claims WHERE coach_id = ${coach.id}`;
    expect(claims?.count).toBe(0);
  });

  test("is for a client themselves and for a coach on their own calendar", async () => {
    const client = await world.userToken("client", maya.id);
    expect((await hold({ clientId: (await world.makeClient()).id }, client)).status).toBe(404);
    expect((await hold({}, client)).body["clientId"]).toBe(maya.id);
    expect(
      (await hold({ startsAt: "2030-01-08T10:00:00Z" }, await world.userToken("coach", coach.id))).status,
    ).toBe(201);
    expect(
      (
        await hold(
          { startsAt: "2030-01-09T10:00:00Z" },
          await world.userToken("coach", (await world.makeCoach()).id),
        )
      ).status,
    ).toBe(404);
    expect((await hold({}, world.keys.read)).status).toBe(403);
  });

  test("is made once for one key, and the answer is given again", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const send = () =>
      hub.send("POST", "/v1/holds", {
        as: world.keys.bookings,
        body: { coachId: coach.id, startsAt, durationMinutes: 30 },
        headers,
      });
    const [first, second] = await Promise.all([send(), send()]);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    expect([first, second].filter((one) => one.headers.get("idempotency-replayed") === "true")).toHaveLength(
      1,
    );
  });
});

test("a booking from a hold is made once for one key, also when the hold has gone meanwhile", async () => {
  const { body } = await hold({ clientId: maya.id });
  const headers = { "idempotency-key": crypto.randomUUID() };
  const first = await book({ holdId: body["id"] }, world.keys.bookings, headers);
  await world.db`UPDATE bookings SET hold_id = NULL WHERE hold_id = ${String(body["id"])}`;
  await world.db`DELETE FROM holds WHERE id = ${String(body["id"])}`;
  const again = await book({ holdId: body["id"] }, world.keys.bookings, headers);
  expect([first.status, again.status, again.text]).toEqual([201, 201, first.text]);
  expect(again.headers.get("idempotency-replayed")).toBe("true");
});
