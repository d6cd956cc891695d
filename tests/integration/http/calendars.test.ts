import ical from "node-ical";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Client } from "../../../src/domain/client.ts";
import type { Coach } from "../../../src/domain/coach.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { type Served, serve } from "../../support/serve.ts";

let world: TestApp;
let hub: Served;
let guarded: TestApp;
let guardedHub: Served;
let coach: Coach;
let client: Client;
let coachToken: string;

beforeAll(async () => {
  world = await createTestApp({ ALLOW_PRIVATE_TARGETS: "true" });
  hub = await serve(world);
  guarded = await createTestApp({}, world);
  guardedHub = await serve(guarded);
});

afterAll(async () => {
  await guardedHub.close();
  await guarded.close();
  await hub.close();
  await world.close();
});

beforeEach(async () => {
  coach = await world.makeCoach({ name: "Ada Okafor" });
  client = await world.makeClient({ name: 'Max, the "client"; from Paris' });
  coachToken = await world.userToken("coach", coach.id);
});

const feedUrl = "http://127.0.0.1:9/private-part/basic.ics?token=secret";
const path = (rest = "") => `/v1/coaches/${coach.id}/calendars${rest}`;
const subscribe = (url = feedUrl, as = coachToken, headers = {}) =>
  hub.send("POST", path(), { as, body: { url }, headers });
const idOf = ({ body }: { body: Record<string, unknown> }): string => body["id"] as string;
const strangers = async () => {
  const other = await world.makeCoach();
  return [await world.userToken("coach", other.id), await world.userToken("client", client.id)];
};

describe("calendars elsewhere", () => {
  test("are subscribed to by their coach, and say how reading them goes", async () => {
    const answer = await subscribe();
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      coachId: coach.id,
      url: feedUrl,
      syncedAt: null,
      attemptedAt: null,
      lastError: null,
      skippedEvents: 0,
      stale: true,
      busyPeriodCount: 0,
      version: 1,
    });
    const one = await hub.send("GET", path(`/${idOf(answer)}`), { as: world.keys.admin });
    expect(one.body).toEqual(answer.body);
    const list = await hub.send("GET", path(), { as: coachToken });
    expect(list.body).toEqual({ data: [answer.body], nextCursor: null });
  });

  test("show whoever may not manage them the host of their address, and no more", async () => {
    const id = idOf(await subscribe());
    for (const as of [world.keys.read, world.keys.bookings]) {
      const one = await hub.send("GET", path(`/${id}`), { as });
      expect(one.body).toMatchObject({ url: "http://127.0.0.1:9/…" });
      const list = await hub.send("GET", path(), { as });
      expect(list.text).not.toContain("private-part");
      expect(list.text).not.toContain("secret");
    }
  });

  test("are not there for anybody else, and not to be changed by keys of a lesser scope", async () => {
    const id = idOf(await subscribe());
    const all: [string, string][] = [
      ["POST", path()],
      ["GET", path()],
      ["GET", path(`/${id}`)],
      ["DELETE", path(`/${id}`)],
      ["POST", path(`/${id}/sync`)],
    ];
    for (const as of await strangers()) {
      for (const [method, at] of all) {
        const body = method === "POST" && at === path() ? { body: { url: feedUrl } } : {};
        expect((await hub.send(method, at, { as, ...body })).status, `${method} ${at}`).toBe(404);
      }
    }
    for (const as of [world.keys.read, world.keys.bookings]) {
      expect((await subscribe(feedUrl, as)).status).toBe(403);
      expect((await hub.send("DELETE", path(`/${id}`), { as })).status).toBe(403);
      expect((await hub.send("POST", path(`/${id}/sync`), { as })).status).toBe(403);
    }
    const elsewhere = await world.makeCoach();
    const foreign = await hub.send("GET", `/v1/coaches/${elsewhere.id}/calendars/${id}`, {
      as: world.keys.admin,
    });
    expect(foreign.status).toBe(404);
    const foreignSync = await hub.send("POST", `/v1/coaches/${elsewhere.id}/calendars/${id}/sync`, {
      as: world.keys.admin,
    });
    expect(foreignSync.status).toBe(404);
  });

  test("are had once, under whatever spelling", async () => {
    expect((await subscribe("webcal://127.0.0.1:9/feed.ics")).body).toMatchObject({
      url: "https://127.0.0.1:9/feed.ics",
    });
    const again = await subscribe("https://127.0.0.1:9/feed.ics#today");
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({ code: "already_exists", field: "url" });
  });

  test("are ten at most", async () => {
    for (let index = 0; index < 10; index++) expect((await subscribe(`${feedUrl}${index}`)).status).toBe(201);
    const one = await subscribe();
    expect(one.status).toBe(422);
    expect(one.body["errors"]).toMatchObject([{ path: "url" }]);
  });

  test.each([
    "not a url",
    "ftp://example.com/feed.ics",
    "file:///etc/passwd",
    "https://user:word@example.com/a.ics",
  ])("refuse %s", async (url) => {
    const answer = await subscribe(url);
    expect(answer.status).toBe(422);
    expect(answer.body["errors"]).toMatchObject([{ path: "url" }]);
  });

  test("refuse addresses of the hub's own network", async () => {
    for (const url of ["http://127.0.0.1/a.ics", "webcal://[::1]/a.ics", "http://169.254.169.254/latest"]) {
      const answer = await guardedHub.send("POST", path(), { as: coachToken, body: { url } });
      expect(answer.status).toBe(422);
    }
  });

  test("answer the same to the same request under a key, and subscribe once", async () => {
    const headers = { "idempotency-key": "once" };
    const first = await subscribe(feedUrl, coachToken, headers);
    const again = await subscribe(feedUrl, coachToken, headers);
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
  });

  test("are read on demand by a worker, once for those who ask together", async () => {
    const id = idOf(await subscribe());
    await world.db`DELETE FROM jobs`;
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => hub.send("POST", path(`/${id}/sync`), { as: coachToken })),
    );
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    expect(answers[0]?.body).toMatchObject({ id, attemptedAt: null });
    const jobs = await world.db`SELECT name, payload FROM jobs`;
    expect(jobs.length).toBeGreaterThanOrEqual(1);
    expect(jobs.length).toBeLessThanOrEqual(2);
    expect(jobs[0]).toEqual({ name: "sync-calendar", payload: { calendarId: id } });
  });

  test("end, unless somebody has changed them", async () => {
    const id = idOf(await subscribe());
    const stale = await hub.send("DELETE", path(`/${id}`), {
      as: coachToken,
      headers: { "if-match": '"7"' },
    });
    expect(stale.status).toBe(412);
    expect((await hub.send("DELETE", path(`/${id}`), { as: coachToken })).status).toBe(204);
    expect((await hub.send("DELETE", path(`/${id}`), { as: coachToken })).status).toBe(404);
    expect((await hub.send("GET", path(`/${id}`), { as: coachToken })).status).toBe(404);
  });

  test("are those of a coach who is there", async () => {
    const nobody = "/v1/coaches/00000000-0000-7000-8000-000000000000/calendars";
    const answer = await hub.send("POST", nobody, { as: world.keys.admin, body: { url: feedUrl } });
    expect(answer.status).toBe(404);
  });
});

const address = (rest = "") => `/v1/coaches/${coach.id}/calendar-feed${rest}`;
const openFeed = async (as = coachToken): Promise<string> => {
  const answer = await hub.send("POST", address(), { as });
  expect(answer.status).toBe(201);
  const url = new URL(answer.body["url"] as string);
  expect(url.origin).toBe(world.app.publicUrl());
  return url.pathname + url.search;
};

describe("a coach's own feed", () => {
  test("is read by another parser: what is booked, what waits, what was cancelled", async () => {
    const booked = await world.makeBooking({ coach, client, inMinutes: 60 });
    const cancelled = await world.makeBooking({ coach, client, inMinutes: 180 });
    await hub.send("POST", `/v1/bookings/${cancelled.booking.id}/cancel`, { as: coachToken, body: {} });
    const type = await hub.send("POST", "/v1/session-types", {
      as: world.keys.admin,
      body: {
        slug: `talk-${coach.id}`,
        name: "Talk",
        coachIds: [coach.id],
        durationMinutes: 30,
        requiresApproval: true,
      },
    });
    const asked = await hub.send("POST", "/v1/bookings", {
      as: world.keys.admin,
      body: {
        coachId: coach.id,
        clientId: client.id,
        sessionTypeId: type.body["id"],
        startsAt: new Date(Date.now() + 300 * 60_000).toISOString(),
        title:
          "First talk: goals; plans, \\ and é 日本 — a title that is long enough to have to be folded somewhere",
      },
    });
    const [pendingId, otherCoach] = [(asked.body["booking"] as { id: string }).id, await world.makeCoach()];
    await world.makeBooking({ coach: otherCoach, client, inMinutes: 60 });

    const answer = await hub.send("GET", await openFeed());
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/calendar; charset=utf-8");
    expect(answer.headers.get("cache-control")).toContain("private");
    for (const line of answer.text.split("\r\n")) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);

    const events = Object.values(ical.sync.parseICS(answer.text)).filter((one) => one?.type === "VEVENT");
    const byId = new Map(events.map((one) => [one.uid, one]));
    expect(byId.size).toBe(3);
    expect(byId.get(`booking-${booked.booking.id}@127.0.0.1`)).toMatchObject({
      summary: client.name,
      status: "CONFIRMED",
      sequence: 0,
    });
    const first = byId.get(`booking-${booked.booking.id}@127.0.0.1`);
    const toSecond = (at: Date | undefined) => Math.floor((at?.getTime() ?? 0) / 1000);
    expect(toSecond(first?.start)).toBe(toSecond(booked.booking.startsAt));
    expect(toSecond(first?.end)).toBe(toSecond(booked.booking.endsAt));
    expect(toSecond(first?.lastmodified)).toBe(toSecond(booked.booking.updatedAt));
    expect(byId.get(`booking-${cancelled.booking.id}@127.0.0.1`)).toMatchObject({
      status: "CANCELLED",
      sequence: 1,
    });
    expect(byId.get(`booking-${pendingId}@127.0.0.1`)).toMatchObject({
      status: "TENTATIVE",
      summary: (asked.body["booking"] as { title: string }).title,
    });
    expect(answer.text).not.toContain("/join/");
  });

  test("is not sent again until something has changed", async () => {
    await world.makeBooking({ coach, client, inMinutes: 60 });
    const feed = await openFeed();
    const first = await hub.send("GET", feed);
    const etag = first.headers.get("etag") ?? "";
    const again = await hub.send("GET", feed, { headers: { "if-none-match": `"other", W/${etag}` } });
    expect(again.status).toBe(304);
    expect(again.text).toBe("");
    await world.makeBooking({ coach, client, inMinutes: 120 });
    const changed = await hub.send("GET", feed, { headers: { "if-none-match": etag } });
    expect(changed.status).toBe(200);
    expect(changed.headers.get("etag")).not.toBe(etag);
  });

  test("is not there without its key, under another one, or under another coach's", async () => {
    const feed = await openFeed();
    const other = await world.makeCoach();
    const key = new URL(feed, hub.url).searchParams.get("key") ?? "";
    await hub.send("POST", `/v1/coaches/${other.id}/calendar-feed`, { as: world.keys.admin });
    const all = await Promise.all(
      [
        `/v1/coaches/${coach.id}/calendar.ics`,
        `/v1/coaches/${coach.id}/calendar.ics?key=`,
        `/v1/coaches/${coach.id}/calendar.ics?key=${key.slice(0, -1)}`,
        `/v1/coaches/${other.id}/calendar.ics?key=${key}`,
        `/v1/coaches/${client.id}/calendar.ics?key=${key}`,
        `/v1/coaches/nobody/calendar.ics?key=${key}`,
      ].map((path) => hub.send("GET", path, { as: world.keys.admin })),
    );
    expect(all.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404, 404]);
    const bodies = all.map(({ body: { requestId: _requestId, ...rest } }) => rest);
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
  });

  test("is at its address until that is reset or closed", async () => {
    expect((await hub.send("GET", address(), { as: coachToken })).status).toBe(404);
    const before = await openFeed();
    const shown = await hub.send("GET", address(), { as: world.keys.admin });
    expect(shown.body["url"]).toBe(`${world.app.publicUrl()}${before}`);
    const after = await openFeed(world.keys.admin);
    expect(after).not.toBe(before);
    expect((await hub.send("GET", before)).status).toBe(404);
    expect((await hub.send("GET", after)).status).toBe(200);
    expect((await hub.send("DELETE", address(), { as: coachToken })).status).toBe(204);
    expect((await hub.send("GET", after)).status).toBe(404);
    expect((await hub.send("DELETE", address(), { as: coachToken })).status).toBe(404);
  });

  test("has an address that only its coach and admins get", async () => {
    await openFeed();
    for (const as of await strangers()) {
      for (const method of ["POST", "GET", "DELETE"])
        expect((await hub.send(method, address(), { as })).status).toBe(404);
    }
    for (const as of [world.keys.read, world.keys.bookings]) {
      for (const method of ["POST", "GET", "DELETE"])
        expect((await hub.send(method, address(), { as })).status).toBe(403);
    }
  });

  test("is documented as the one operation that takes no credential", async () => {
    const { body } = await hub.send("GET", "/openapi.json");
    const paths = body["paths"] as Record<string, Record<string, { security?: unknown[] }>>;
    expect(paths["/v1/coaches/{id}/calendar.ics"]?.["get"]).toMatchObject({
      operationId: "readFeed",
      security: [],
    });
    const open = Object.values(paths).flatMap((methods) =>
      Object.values(methods).filter(({ security }) => security?.length === 0),
    );
    expect(open).toHaveLength(1);
  });

  test("takes nothing but GET", async () => {
    const answer = await hub.send("POST", `/v1/coaches/${coach.id}/calendar.ics?key=x`, { as: coachToken });
    expect(answer.status).toBe(405);
  });
});
