import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Client } from "../../../src/domain/client.ts";
import type { Coach } from "../../../src/domain/coach.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { type Served, serve } from "../../support/serve.ts";

let world: TestApp;
let hub: Served;
let coaches: Coach[];
let maya: Client;
let hour = 0;

beforeAll(async () => {
  world = await createTestApp();
  hub = await serve(world);
});

afterAll(async () => {
  await hub.close();
  await world.close();
});

beforeEach(async () => {
  coaches = [await world.makeCoach(), await world.makeCoach(), await world.makeCoach()];
  maya = await world.makeClient();
});

const send = (
  method: string,
  path: string,
  body?: unknown,
  as = world.keys.admin,
  headers: Record<string, string> = {},
) => hub.send(method, path, { as, headers, ...(body === undefined ? {} : { body }) });

const makePool = async (weights: readonly (number | undefined)[] = [100, 100, 100]): Promise<string> => {
  const members = weights.map((weight, n) => ({ coachId: coaches[n]?.id, weight }));
  const { status, body } = await send("POST", "/v1/pools", { name: "Everybody", members });
  expect(status).toBe(201);
  return String(body["id"]);
};

/** An hour that no other booking of this file has. */
const nextHour = (): string => new Date(Date.UTC(2030, 0, 1, hour++)).toISOString();
const book = (poolId: string, startsAt = nextHour(), input: Record<string, unknown> = {}) =>
  send("POST", "/v1/bookings", { poolId, clientId: maya.id, startsAt, durationMinutes: 60, ...input });
const coachOf = ({ body }: { body: Record<string, unknown> }): string =>
  String((body["booking"] as Record<string, unknown>)["coachId"]);

const countByCoach = async (poolId: string): Promise<number[]> => {
  const rows = await world.db<{ coachId: string; count: number }[]>`
    SELECT coach_id, count(*)::int AS count FROM bookings WHERE pool_id = ${poolId} AND status = 'accepted' GROUP BY coach_id`;
  return coaches.map(({ id }) => rows.find(({ coachId }) => coachId === id)?.count ?? 0);
};
const creditsOf = async (poolId: string): Promise<number[]> => {
  const rows = await world.db<{ coachId: string; credit: number }[]>`
    SELECT coach_id, credit::float8 AS credit FROM pool_members WHERE pool_id = ${poolId}`;
  return coaches.flatMap(({ id }) => rows.find(({ coachId }) => coachId === id)?.credit ?? []);
};

describe("a booking with a pool", () => {
  test("goes to its coaches in turn, by their weights", async () => {
    const poolId = await makePool([200, 100, 100]);
    for (let n = 0; n < 8; n++) expect((await book(poolId)).status).toBe(201);
    expect(await countByCoach(poolId)).toEqual([4, 2, 2]);
  });

  test("keeps how the coach was chosen, and tells it nobody", async () => {
    const poolId = await makePool();
    const startsAt = nextHour();
    await send("POST", `/v1/coaches/${coaches[0]?.id}/blocks`, {
      startsAt,
      endsAt: new Date(Date.parse(startsAt) + 60_000).toISOString(),
    });
    const { body } = await book(poolId, startsAt);
    const booking = body["booking"] as Record<string, unknown>;
    expect(booking).toMatchObject({ poolId, status: "accepted" });
    expect(booking).not.toHaveProperty("assignment");
    const [row] = await world.db<
      { assignment: { chosen: string; candidates: { coachId: string; reason: string | null }[] } }[]
    >`
      SELECT assignment FROM bookings WHERE id = ${String(booking["id"])}`;
    expect(row?.assignment.chosen).toBe(booking["coachId"]);
    expect(row?.assignment.candidates.find(({ coachId }) => coachId === coaches[0]?.id)?.reason).toBe(
      "taken",
    );
  });

  test("falls to whoever can, and is refused only when nobody can", async () => {
    const poolId = await makePool();
    const startsAt = nextHour();
    const clients = await Promise.all(Array.from({ length: 4 }, () => world.makeClient()));
    const answers = await Promise.all(clients.map(({ id }) => book(poolId, startsAt, { clientId: id })));
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 201, 201, 409]);
    expect(new Set(answers.filter(({ status }) => status === 201).map(coachOf)).size).toBe(3);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      code: "slot_unavailable",
      reason: "taken",
    });
  });

  test("is the same booking when the same client asks again, whoever the coach is", async () => {
    const poolId = await makePool();
    const startsAt = nextHour();
    const first = await book(poolId, startsAt);
    const again = await book(poolId, startsAt);
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body).toEqual(first.body);
  });

  test("keeps shares within one assignment of their targets with many asking at once, coaches booked directly meanwhile", async () => {
    const poolId = await makePool([300, 200, 100]);
    const direct = coaches.map(({ id }) =>
      send("POST", "/v1/bookings", {
        coachId: id,
        clientId: maya.id,
        startsAt: nextHour(),
        durationMinutes: 60,
      }),
    );
    const answers = await Promise.all([...Array.from({ length: 60 }, () => book(poolId)), ...direct]);
    expect(answers.every(({ status }) => status === 201)).toBe(true);
    const counts = await countByCoach(poolId);
    for (const [index, target] of [30, 20, 10].entries())
      expect(Math.abs((counts[index] ?? 0) - target)).toBeLessThanOrEqual(1);
    expect((await creditsOf(poolId)).reduce((sum, credit) => sum + credit)).toBe(0);
  });

  test("is owed for what was cancelled", async () => {
    const poolId = await makePool();
    const before = await creditsOf(poolId);
    const { body } = await book(poolId);
    expect(await creditsOf(poolId)).not.toEqual(before);
    await send(
      "POST",
      `/v1/bookings/${String((body["booking"] as Record<string, unknown>)["id"])}/cancel`,
      {},
    );
    expect(await creditsOf(poolId)).toEqual(before);
  });

  test("may be held first; letting go of the hold takes the choice back", async () => {
    const poolId = await makePool();
    const before = await creditsOf(poolId);
    const hold = () =>
      send("POST", "/v1/holds", { poolId, startsAt: nextHour(), durationMinutes: 60, clientId: maya.id });
    const released = await hold();
    await send("DELETE", `/v1/holds/${String(released.body["id"])}`);
    expect(await creditsOf(poolId)).toEqual(before);
    const kept = await hold();
    const booked = await send("POST", "/v1/bookings", { holdId: kept.body["id"] });
    expect([booked.status, booked.body["booking"]]).toMatchObject([
      201,
      { poolId, coachId: kept.body["coachId"] },
    ]);
    expect(await creditsOf(poolId)).not.toEqual(before);
  });

  test("is made once for one key, also when two requests would choose different coaches", async () => {
    const poolId = await makePool();
    const startsAt = nextHour();
    const headers = { "idempotency-key": crypto.randomUUID() };
    const body = { poolId, clientId: maya.id, startsAt, durationMinutes: 60 };
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => send("POST", "/v1/bookings", body, world.keys.admin, headers)),
    );
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect((await countByCoach(poolId)).reduce((sum, count) => sum + count)).toBe(1);
  });

  test("is not there for coaches, nor for anybody without its id; without members it takes nothing", async () => {
    const poolId = await makePool();
    const asCoach = await world.userToken("coach", coaches[0]?.id ?? "");
    expect(
      (
        await send(
          "POST",
          "/v1/bookings",
          { poolId, clientId: maya.id, startsAt: nextHour(), durationMinutes: 60 },
          asCoach,
        )
      ).status,
    ).toBe(404);
    expect((await book(crypto.randomUUID())).status).toBe(404);
    const empty = await send("POST", "/v1/pools", { name: "Nobody", members: [] });
    expect((await book(String(empty.body["id"]))).body).toMatchObject({
      code: "slot_unavailable",
      reason: "coach_inactive",
    });
    expect((await book(poolId, nextHour(), { coachId: coaches[0]?.id })).status).toBe(422);
  });
});

describe("a pool", () => {
  test("is changed with its version; who stays keeps what they are owed, who comes starts in the middle", async () => {
    const poolId = await makePool([100, 300]);
    for (let n = 0; n < 3; n++) await book(poolId);
    const [first, second] = await creditsOf(poolId);
    const changed = await send(
      "PATCH",
      `/v1/pools/${poolId}`,
      {
        name: "Others",
        members: [{ coachId: coaches[0]?.id, weight: 50, priority: 2 }, { coachId: coaches[2]?.id }],
      },
      world.keys.admin,
      { "if-match": '"1"' },
    );
    expect([changed.status, changed.body]).toMatchObject([200, { name: "Others", version: 2 }]);
    expect((changed.body["members"] as unknown[]).length).toBe(2);
    expect(await creditsOf(poolId)).toEqual([first, Math.round(((first ?? 0) + (second ?? 0)) / 2)]);
    expect(
      (await send("PATCH", `/v1/pools/${poolId}`, { name: "X" }, world.keys.admin, { "if-match": '"1"' }))
        .status,
    ).toBe(412);
  });

  test("is the house's to make and change; clients see its name, coaches nothing", async () => {
    const poolId = await makePool();
    const client = await world.userToken("client", maya.id);
    const coach = await world.userToken("coach", coaches[0]?.id ?? "");
    expect((await send("GET", `/v1/pools/${poolId}`, undefined, client)).body).toEqual({
      id: poolId,
      name: "Everybody",
    });
    expect((await send("GET", `/v1/pools/${poolId}`, undefined, coach)).status).toBe(404);
    expect((await send("GET", "/v1/pools", undefined, coach)).body).toEqual({ data: [], nextCursor: null });
    expect((await send("GET", "/v1/pools?limit=1", undefined, client)).body["data"]).toHaveLength(1);
    expect((await send("POST", "/v1/pools", { name: "X", members: [] }, client)).status).toBe(403);
    expect((await send("PATCH", `/v1/pools/${poolId}`, { name: "X" }, client)).status).toBe(404);
    expect((await send("PATCH", `/v1/pools/${poolId}`, { name: "X" }, world.keys.bookings)).status).toBe(403);
    expect(
      (
        await send(
          "GET",
          `/v1/pools/${poolId}/distribution?from=2030-01-01T00:00:00Z&to=2030-02-01T00:00:00Z`,
          undefined,
          client,
        )
      ).status,
    ).toBe(404);
  });

  test.each([
    ["a member twice", () => [{ coachId: coaches[0]?.id }, { coachId: coaches[0]?.id }], 422],
    ["a member who is not there", () => [{ coachId: crypto.randomUUID() }], 404],
    ["a weight of nothing", () => [{ coachId: coaches[0]?.id, weight: 0 }], 422],
    ["a weight past any number", () => [{ coachId: coaches[0]?.id, weight: 1e308 }], 422],
  ])("is refused with %s", async (_, members, status) => {
    expect((await send("POST", "/v1/pools", { name: "P", members: members() })).status).toBe(status);
  });

  test("tells what each coach got against what they were to get", async () => {
    const poolId = await makePool([200, 100, 100]);
    const rules = [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({ weekday, start: "00:00", end: "24:00" }));
    await send("PUT", `/v1/coaches/${coaches[0]?.id}/availability`, { rules });
    for (let day = 1; day <= 4; day++) await book(poolId, `2031-03-0${day}T10:00:00Z`);
    const path = `/v1/pools/${poolId}/distribution?from=2031-03-01T00:00:00Z&to=2031-03-11T00:00:00Z`;
    const { body } = await send("GET", path, undefined, world.keys.read);
    const byCoach = new Map((body["coaches"] as { coachId: string }[]).map((one) => [one.coachId, one]));
    expect(byCoach.get(coaches[0]?.id ?? "")).toMatchObject({
      bookings: 2,
      share: 0.5,
      targetShare: 0.5,
      utilisation: 2 / 240,
    });
    expect(byCoach.get(coaches[1]?.id ?? "")).toMatchObject({
      bookings: 1,
      share: 0.25,
      targetShare: 0.25,
      utilisation: null,
    });
    expect(body["fairness"]).toBeCloseTo(1);
    expect(
      (
        await send(
          "GET",
          `/v1/pools/${poolId}/distribution?from=2031-03-11T00:00:00Z&to=2031-03-01T00:00:00Z`,
        )
      ).status,
    ).toBe(422);
    expect(
      (
        await send(
          "GET",
          `/v1/pools/${crypto.randomUUID()}/distribution?from=2031-03-01T00:00:00Z&to=2031-03-11T00:00:00Z`,
        )
      ).status,
    ).toBe(404);
  });
});
