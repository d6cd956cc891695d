import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Coach } from "../../../src/domain/coach.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { type Served, serve } from "../../support/serve.ts";

let world: TestApp;
let hub: Served;
let coach: Coach;

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
});

const admin = (method: string, path: string, body?: unknown) =>
  hub.send(method, path, { as: world.keys.admin, ...(body === undefined ? {} : { body }) });

/** Works on Mondays from nine to eleven. */
const mondays = { rules: [{ weekday: 1, start: "09:00", end: "11:00" }] };
const monday = "2030-01-07";

const setAvailability = (availability: unknown, of = coach) =>
  admin("PUT", `/v1/coaches/${of.id}/availability`, availability);

const slots = async (query: Record<string, string>, as = world.keys.read) => {
  const search = new URLSearchParams({
    coachId: coach.id,
    from: `${monday}T00:00:00+01:00`,
    days: "1",
    ...query,
  });
  for (const [name, value] of Object.entries(query)) if (value === "") search.delete(name);
  return hub.send("GET", `/v1/slots?${search.toString()}`, { as });
};
const startsOf = ({ body }: { body: Record<string, unknown> }): string[] =>
  (body["slots"] as { startsAt: string }[]).map(({ startsAt }) => startsAt.slice(11, 16));

const explain = async (query: Record<string, string>, as = world.keys.read) => {
  const search = new URLSearchParams({ coachId: coach.id, durationMinutes: "30", ...query });
  const { body } = await hub.send("GET", `/v1/slots/explain?${search.toString()}`, { as });
  return body["coaches"] as { available: boolean; reasons: { code: string }[] }[];
};

describe("slots", () => {
  test("are the times that fit into a window, in the zone of the coach, every quarter of an hour", async () => {
    await setAvailability(mondays);
    const answer = await slots({ durationMinutes: "60" });
    expect(answer.body).toMatchObject({ timeZone: "Europe/Berlin", total: 5, stale: [] });
    expect(answer.body["slots"]).toMatchObject([
      { startsAt: "2030-01-07T09:00:00+01:00", endsAt: "2030-01-07T10:00:00+01:00", coachIds: [coach.id] },
      {},
      {},
      {},
      { startsAt: "2030-01-07T10:00:00+01:00" },
    ]);
    const inNewYork = await slots({ durationMinutes: "60", timeZone: "America/New_York" });
    expect((inNewYork.body["slots"] as unknown[])[0]).toMatchObject({
      startsAt: "2030-01-07T03:00:00-05:00",
    });
  });

  test("follow the step that is asked for, and the grid of each window", async () => {
    await setAvailability({
      rules: [
        { weekday: 1, start: "09:10", end: "10:00" },
        { weekday: 1, start: "14:00", end: "15:00" },
      ],
    });
    expect(startsOf(await slots({ durationMinutes: "20", stepMinutes: "30" }))).toEqual([
      "09:10",
      "09:40",
      "14:00",
      "14:30",
    ]);
  });

  test("are none for a coach who never works, and all day for one who never said", async () => {
    expect((await slots({ durationMinutes: "60" })).body["total"]).toBe(96);
    await setAvailability({ rules: [] });
    expect((await slots({ durationMinutes: "60" })).body["total"]).toBe(0);
  });

  test("give way to bookings, holds and blocks, with the buffers of the type, and come back after", async () => {
    await setAvailability(mondays);
    const type = await admin("POST", "/v1/session-types", {
      slug: `buffered-${coach.id}`,
      name: "Buffered",
      coachIds: [coach.id],
      durationMinutes: 30,
      bufferBeforeMinutes: 15,
      stepMinutes: 30,
    });
    const sessionTypeId = String(type.body["id"]);
    expect(startsOf(await slots({ sessionTypeId }))).toEqual(["09:00", "09:30", "10:00", "10:30"]);
    const block = await admin("POST", `/v1/coaches/${coach.id}/blocks`, {
      startsAt: `${monday}T09:50:00+01:00`,
      endsAt: `${monday}T10:00:00+01:00`,
    });
    // 09:30 to 10:00 meets the block itself, 10:00 its buffer.
    expect(startsOf(await slots({ sessionTypeId }))).toEqual(["09:00", "10:30"]);
    const hold = await admin("POST", "/v1/holds", {
      coachId: coach.id,
      startsAt: `${monday}T10:30:00+01:00`,
      sessionTypeId,
    });
    expect(startsOf(await slots({ sessionTypeId }))).toEqual(["09:00"]);
    expect((await admin("DELETE", `/v1/coaches/${coach.id}/blocks/${String(block.body["id"])}`)).status).toBe(
      204,
    );
    expect((await admin("DELETE", `/v1/holds/${String(hold.body["id"])}`)).status).toBe(204);
    expect(startsOf(await slots({ sessionTypeId }))).toHaveLength(4);
  });

  test("keep a type's notice and window", async () => {
    const slotsOf = async (rules: Record<string, unknown>) => {
      const type = await admin("POST", "/v1/session-types", {
        slug: `rules-${crypto.randomUUID()}`,
        name: "Rules",
        coachIds: [coach.id],
        durationMinutes: 60,
        stepMinutes: 60,
        ...rules,
      });
      const from = new Date().toISOString();
      return (await slots({ from, days: "3", sessionTypeId: String(type.body["id"]) })).body[
        "total"
      ] as number;
    };
    const free = await slotsOf({});
    expect(free).toBeGreaterThanOrEqual(71);
    expect(await slotsOf({ minimumNoticeMinutes: 24 * 60 })).toBe(free - 24);
    expect(await slotsOf({ bookingWindowDays: 1 })).toBe(24);
  });

  test("end for the day with a coach's daily limit, on the coach's own day", async () => {
    const limited = await world.makeCoach({ dailyLimit: 1, timeZone: "Pacific/Kiritimati" });
    const client = await world.makeClient();
    const query = {
      coachId: limited.id,
      from: "2030-01-07T00:00:00+14:00",
      days: "2",
      durationMinutes: "60",
      stepMinutes: "60",
    };
    expect((await slots(query)).body["total"]).toBe(48);
    const booked = await admin("POST", "/v1/bookings", {
      coachId: limited.id,
      clientId: client.id,
      startsAt: "2030-01-07T23:00:00+14:00",
      durationMinutes: 30,
    });
    expect(booked.status).toBe(201);
    const left = await slots(query);
    expect(left.body["total"]).toBe(24);
    expect((left.body["slots"] as { startsAt: string }[])[0]?.startsAt).toBe("2030-01-08T00:00:00+14:00");
    const refused = await admin("POST", "/v1/bookings", {
      coachId: limited.id,
      clientId: client.id,
      startsAt: "2030-01-07T03:00:00+14:00",
      durationMinutes: 30,
    });
    expect([refused.status, refused.body["reason"]]).toEqual([409, "daily_limit"]);
  });

  test("leave out what calendars elsewhere say is busy; one that is stale is told, and closes what fails closed", async () => {
    await setAvailability(mondays);
    const calendarId = crypto.randomUUID();
    await world.db`
      INSERT INTO calendars (id, coach_id, url, synced_at) VALUES (${calendarId}, ${coach.id}, 'https://example.com/a.ics', now())`;
    await world.db`
      INSERT INTO busy_periods (calendar_id, coach_id, period, uid) VALUES
        (${calendarId}, ${coach.id}, tstzrange('2030-01-07 09:20+01', '2030-01-07 09:40+01'), 'a'),
        (${calendarId}, ${coach.id}, tstzrange('2030-01-07 08:00+01', '2030-01-07 09:10+01'), 'b')`;
    expect(startsOf(await slots({ durationMinutes: "60" }))).toEqual(["09:45", "10:00"]);
    await world.db`UPDATE calendars SET synced_at = now() - interval '2 hours' WHERE id = ${calendarId}`;
    expect((await slots({ durationMinutes: "60" })).body).toMatchObject({ total: 2, stale: [coach.id] });
    await admin("PATCH", `/v1/coaches/${coach.id}`, { calendarPolicy: "fail_closed" });
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    await setAvailability({
      rules: [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({ weekday, start: "00:00", end: "24:00" })),
    });
    expect((await slots({ from: soon, days: "2", durationMinutes: "60" })).body).toMatchObject({
      total: 0,
      stale: [coach.id],
    });
    expect((await explain({ startsAt: soon }))[0]?.reasons.map(({ code }) => code)).toEqual([
      "external_busy",
    ]);
  });

  test("of a pool name everybody who could", async () => {
    const other = await world.makeCoach();
    await setAvailability(mondays);
    await setAvailability({ rules: [{ weekday: 1, start: "10:00", end: "11:30" }] }, other);
    const pool = await admin("POST", "/v1/pools", {
      name: "Both",
      members: [{ coachId: coach.id }, { coachId: other.id }],
    });
    const answer = await slots({
      coachId: "",
      poolId: String(pool.body["id"]),
      durationMinutes: "60",
      stepMinutes: "30",
    });
    const named = (answer.body["slots"] as { startsAt: string; coachIds: string[] }[]).map(
      ({ startsAt, coachIds }) => [startsAt.slice(11, 16), coachIds.length],
    );
    expect(named).toEqual([
      ["09:00", 1],
      ["09:30", 1],
      ["10:00", 2],
      ["10:30", 1],
    ]);
  });

  test("are counted by wall clocks on the day that clocks change", async () => {
    await setAvailability({ rules: [{ weekday: 7, start: "00:00", end: "06:00" }] });
    const on = async (date: string, offset: string) =>
      (await slots({ from: `${date}T00:00:00${offset}`, durationMinutes: "60", stepMinutes: "60" })).body[
        "total"
      ];
    expect(await on("2030-03-24", "+01:00")).toBe(6);
    expect(await on("2030-03-31", "+01:00")).toBe(5);
    expect(await on("2030-10-27", "+02:00")).toBe(7);
  });

  test("are anybody's to ask for who is signed in, and nobody else's", async () => {
    const client = await world.makeClient();
    const mine = await slots({ durationMinutes: "60" }, await world.userToken("client", client.id));
    const stranger = await slots(
      { durationMinutes: "60" },
      await world.userToken("coach", (await world.makeCoach()).id),
    );
    expect([mine.status, stranger.status]).toEqual([200, 200]);
    expect(
      (
        await hub.send(
          "GET",
          `/v1/slots?coachId=${coach.id}&from=2030-01-01T00:00:00Z&days=1&durationMinutes=30`,
        )
      ).status,
    ).toBe(401);
  });

  test.each([
    ["neither coach nor pool", { coachId: "" }, "coachId"],
    ["both of them", { poolId: crypto.randomUUID() }, "poolId"],
    ["no end", { days: "" }, "to"],
    ["two ends", { to: "2030-02-01T00:00:00Z" }, "days"],
    ["an end before the start", { days: "", to: "2029-01-01T00:00:00Z" }, "to"],
    ["too long a stretch", { days: "63" }, "days"],
    ["too long a stretch by its end", { days: "", to: "2031-01-01T00:00:00Z" }, "to"],
    ["no length", { durationMinutes: "" }, "durationMinutes"],
    ["a length beside a type", { sessionTypeId: crypto.randomUUID() }, "durationMinutes"],
    ["an unknown zone", { timeZone: "Mars/Olympus" }, "timeZone"],
    ["no offset", { from: "2030-01-07T00:00:00" }, "from"],
    ["a step of nothing", { stepMinutes: "0" }, "stepMinutes"],
    ["a step past any number", { stepMinutes: "1e400" }, "stepMinutes"],
    ["what is not known", { colour: "red" }, "colour"],
  ])("are refused with %s, naming the field", async (_, query, path) => {
    const answer = await slots({ durationMinutes: "60", ...(query as Record<string, string>) });
    expect([answer.status, answer.body["code"]]).toEqual([422, "invalid_request"]);
    expect((answer.body["errors"] as { path: string }[]).map((error) => error.path)).toContain(path);
  });

  test.each([["coachId"], ["poolId"]])("of an unknown %s are not there", async (name) => {
    const answer = await slots({ coachId: "", [name]: crypto.randomUUID(), durationMinutes: "60" });
    expect(answer.status).toBe(404);
  });
});

describe("why a slot is not offered", () => {
  test("is told with every reason in order, to a client only that it is unavailable", async () => {
    await setAvailability(mondays);
    await admin("POST", `/v1/coaches/${coach.id}/blocks`, {
      startsAt: `${monday}T00:00:00+01:00`,
      endsAt: `${monday}T23:00:00+01:00`,
    });
    const asked = { startsAt: `${monday}T12:00:00+01:00` };
    const [told] = await explain(asked);
    expect(told).toMatchObject({ available: false });
    expect(told?.reasons.map(({ code }) => code)).toEqual(["outside_availability", "taken"]);
    const client = await world.userToken("client", (await world.makeClient()).id);
    const [toClient] = await explain(asked, client);
    expect(toClient?.reasons.map(({ code }) => code)).toEqual(["unavailable"]);
    const [past] = await explain({ startsAt: "2020-01-06T09:00:00+01:00" }, client);
    expect(past?.reasons.map(({ code }) => code)).toEqual(["too_soon", "unavailable"]);
    const [free] = await explain({ startsAt: "2030-01-14T09:00:00+01:00" });
    expect(free).toEqual({ coachId: coach.id, available: true, reasons: [] });
  });
});

describe("availability", () => {
  const read = (as = world.keys.read) => hub.send("GET", `/v1/coaches/${coach.id}/availability`, { as });

  test("is null until it is set, then as it was set, with a version that guards it", async () => {
    expect((await read()).body).toEqual({
      coachId: coach.id,
      timeZone: "Europe/Berlin",
      rules: null,
      overrides: null,
      version: 0,
    });
    const set = await setAvailability({ ...mondays, overrides: [{ date: monday, windows: [] }] });
    expect([set.status, set.headers.get("etag")]).toEqual([200, '"1"']);
    expect((await read()).body).toMatchObject({
      ...mondays,
      overrides: [{ date: monday, windows: [] }],
      version: 1,
    });
    const stale = await hub.send("PUT", `/v1/coaches/${coach.id}/availability`, {
      as: world.keys.admin,
      body: mondays,
      headers: { "if-match": '"7"' },
    });
    expect([stale.status, stale.body["code"]]).toEqual([412, "version_mismatch"]);
  });

  test("is the coach's own to set, not another's, a client's or a booking key's", async () => {
    const set = async (as: string) =>
      (await hub.send("PUT", `/v1/coaches/${coach.id}/availability`, { as, body: mondays })).status;
    expect(await set(await world.userToken("coach", coach.id))).toBe(200);
    expect(await set(await world.userToken("coach", (await world.makeCoach()).id))).toBe(404);
    expect(await set(await world.userToken("client", (await world.makeClient()).id))).toBe(404);
    expect(await set(world.keys.bookings)).toBe(403);
    expect((await read(await world.userToken("client", (await world.makeClient()).id))).status).toBe(404);
  });

  test.each([
    ["an end before the start", { rules: [{ weekday: 1, start: "11:00", end: "09:00" }] }, "rules.0.end"],
    [
      "windows that overlap",
      {
        rules: [
          { weekday: 1, start: "09:00", end: "11:00" },
          { weekday: 1, start: "10:59", end: "12:00" },
        ],
      },
      "rules.1.start",
    ],
    ["an eighth weekday", { rules: [{ weekday: 8, start: "09:00", end: "11:00" }] }, "rules.0.weekday"],
    ["a time that is none", { rules: [{ weekday: 1, start: "9:00", end: "24:01" }] }, "rules.0.start"],
    [
      "a date that does not exist",
      { rules: [], overrides: [{ date: "2030-02-30", windows: [] }] },
      "overrides.0.date",
    ],
    [
      "a date twice",
      {
        rules: [],
        overrides: [
          { date: monday, windows: [] },
          { date: monday, windows: [] },
        ],
      },
      "overrides.1.date",
    ],
    ["no rules", {}, "rules"],
  ])("is refused with %s, naming the field, and changes nothing", async (_, body, path) => {
    const answer = await setAvailability(body);
    expect(answer.status).toBe(422);
    expect((answer.body["errors"] as { path: string }[]).map((error) => error.path)).toContain(path);
    expect((await read()).body["version"]).toBe(0);
  });
});

describe("a block", () => {
  const block = (body: Record<string, unknown>, as = world.keys.admin) =>
    hub.send("POST", `/v1/coaches/${coach.id}/blocks`, { as, body });
  const time = { startsAt: `${monday}T10:00:00Z`, endsAt: `${monday}T12:00:00Z` };

  test("keeps time for the coach, and is refused where some of it is taken", async () => {
    const made = await block({ ...time, reason: "Dentist" }, await world.userToken("coach", coach.id));
    expect([made.status, made.body]).toMatchObject([
      201,
      { coachId: coach.id, reason: "Dentist", startsAt: "2030-01-07T10:00:00.000Z" },
    ]);
    const again = await block(time);
    expect([again.status, again.body["reason"]]).toEqual([409, "taken"]);
    const client = await world.makeClient();
    const refused = await admin("POST", "/v1/bookings", {
      coachId: coach.id,
      clientId: client.id,
      startsAt: `${monday}T11:00:00Z`,
      durationMinutes: 30,
    });
    expect([refused.status, refused.body["reason"]]).toEqual([409, "taken"]);
  });

  test("is the coach's or the house's to make and take away; anybody else finds no coach", async () => {
    expect((await block(time, await world.userToken("client", (await world.makeClient()).id))).status).toBe(
      404,
    );
    expect((await block(time, world.keys.bookings)).status).toBe(403);
    const { body } = await block(time);
    const path = `/v1/coaches/${coach.id}/blocks/${String(body["id"])}`;
    expect(
      (await hub.send("DELETE", path, { as: await world.userToken("coach", (await world.makeCoach()).id) }))
        .status,
    ).toBe(404);
    expect((await admin("DELETE", path)).status).toBe(204);
    expect((await admin("DELETE", path)).status).toBe(404);
  });

  test("is refused before it began, without an end and for longer than a year; a booking's claim is no block", async () => {
    expect((await block({ startsAt: time.endsAt, endsAt: time.startsAt })).status).toBe(422);
    expect((await block({ startsAt: time.startsAt })).status).toBe(422);
    expect((await block({ ...time, endsAt: "2032-01-01T00:00:00Z" })).status).toBe(422);
    expect((await block({ startsAt: "2020-01-01T00:00:00Z", endsAt: "2020-01-02T00:00:00Z" })).status).toBe(
      422,
    );
    await admin("POST", "/v1/bookings", {
      coachId: coach.id,
      clientId: (await world.makeClient()).id,
      startsAt: time.startsAt,
      durationMinutes: 30,
    });
    const [claim] = await world.db<{ id: string }[]>`SELECT id FROM claims WHERE coach_id = ${coach.id}`;
    expect((await admin("DELETE", `/v1/coaches/${coach.id}/blocks/${claim?.id}`)).status).toBe(404);
  });
});
