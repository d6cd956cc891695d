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
let asCoach: string;
let asMaya: string;
let asStranger: string;

type Both = { booking: Record<string, unknown>; session: Record<string, unknown> | null };

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
  asCoach = await world.userToken("coach", coach.id);
  asMaya = await world.userToken("client", maya.id);
  asStranger = await world.userToken("client", (await world.makeClient()).id);
});

const send = (
  method: string,
  path: string,
  body?: unknown,
  as = world.keys.admin,
  headers: Record<string, string> = {},
) => hub.send(method, path, { as, headers, ...(body === undefined ? {} : { body }) });

const makeType = async (input: Record<string, unknown> = {}): Promise<string> => {
  const { status, body } = await send("POST", "/v1/session-types", {
    slug: `type-${crypto.randomUUID()}`,
    name: "Talk",
    coachIds: [coach.id],
    durationMinutes: 30,
    ...input,
  });
  expect(status).toBe(201);
  return String(body["id"]);
};

const book = async (input: Record<string, unknown> = {}, as = world.keys.admin) => {
  const asking = as === world.keys.admin ? { clientId: maya.id } : {};
  return send("POST", "/v1/bookings", { coachId: coach.id, ...asking, startsAt, ...input }, as);
};
const bookPlain = async (at = startsAt): Promise<Both> =>
  (await book({ startsAt: at, durationMinutes: 30 })).body as Both;
const act = (
  id: unknown,
  action: string,
  body: unknown = {},
  as = world.keys.admin,
  headers: Record<string, string> = {},
) => send("POST", `/v1/bookings/${String(id)}/${action}`, body, as, headers);

const outboxOf = async (bookingId: unknown): Promise<string[]> =>
  (
    await world.db<
      { type: string }[]
    >`SELECT type FROM outbox WHERE payload ->> 'bookingId' = ${String(bookingId)} ORDER BY id`
  ).map(({ type }) => type);
const claimsOfCoach = async (): Promise<number> =>
  (
    await world.db<
      [{ count: number }]
    >`SELECT count(*)::int AS count FROM claims WHERE coach_id = ${coach.id}`
  )[0].count;

describe("a booking that needs approval", () => {
  test("waits without a session, keeps its time, and gets its session when the coach accepts", async () => {
    const sessionTypeId = await makeType({ requiresApproval: true });
    const asked = await book({ sessionTypeId }, asMaya);
    expect([asked.status, asked.body]).toMatchObject([
      201,
      {
        booking: {
          status: "pending",
          sessionTypeId,
          endsAt: "2030-01-07T10:30:00.000Z",
          sessionId: null,
          version: 1,
        },
        session: null,
      },
    ]);
    const { booking } = asked.body as Both;
    const other = await book({ clientId: (await world.makeClient()).id, sessionTypeId });
    expect([other.status, other.body["reason"]]).toEqual([409, "taken"]);
    expect((await act(booking["id"], "accept", {}, asMaya)).status).toBe(403);
    expect((await act(booking["id"], "accept", {}, asStranger)).status).toBe(404);
    const accepted = await act(booking["id"], "accept", {}, asCoach);
    const both = accepted.body as Both;
    expect([accepted.status, both.booking]).toMatchObject([200, { status: "accepted", version: 2 }]);
    expect(both.session).toMatchObject({
      status: "scheduled",
      bookingId: booking["id"],
      lastSeq: 1,
      startsAt,
    });
    expect(both.booking["sessionId"]).toBe(both.session?.["id"]);
    expect(await outboxOf(booking["id"])).toEqual(["booking.requested", "booking.accepted"]);
    const again = await act(booking["id"], "accept", {}, asCoach);
    expect([again.status, again.body]).toMatchObject([409, { code: "invalid_state", state: "accepted" }]);
    expect((await send("GET", `/v1/bookings/${String(booking["id"])}`)).body).toEqual(both.booking);
  });

  test("frees its time when the coach declines", async () => {
    const { booking } = (await book({ sessionTypeId: await makeType({ requiresApproval: true }) }))
      .body as Both;
    const declined = await act(booking["id"], "decline", { reason: "On holiday" }, asCoach);
    expect([declined.status, declined.body]).toMatchObject([
      200,
      { booking: { status: "declined", version: 2 }, session: null },
    ]);
    expect(await outboxOf(booking["id"])).toEqual(["booking.requested", "booking.declined"]);
    expect(await claimsOfCoach()).toBe(0);
    expect((await act(booking["id"], "accept")).body).toMatchObject({
      code: "invalid_state",
      state: "declined",
    });
  });

  test("expires at its deadline, or its start where that comes first, and cannot be accepted after", async () => {
    const sessionTypeId = await makeType({ requiresApproval: true, approvalDeadlineMinutes: 60 });
    const deadlineOf = async (id: unknown) =>
      (
        await world.db<[{ expiresAt: Date; createdAt: Date }]>`
        SELECT k.expires_at, b.created_at FROM claims k JOIN bookings b ON b.claim_id = k.id WHERE b.id = ${String(id)}`
      )[0];
    const { booking } = (await book({ sessionTypeId })).body as Both;
    const far = await deadlineOf(booking["id"]);
    expect(far.expiresAt.getTime() - far.createdAt.getTime()).toBe(3_600_000);
    const soonAt = new Date(Date.now() + 600_000).toISOString();
    const soon = (await book({ sessionTypeId, startsAt: soonAt })).body as Both;
    expect((await deadlineOf(soon.booking["id"])).expiresAt.toISOString()).toBe(soonAt);
    await world.db`UPDATE claims SET expires_at = now() WHERE id = (SELECT claim_id FROM bookings WHERE id = ${String(booking["id"])})`;
    const late = await act(booking["id"], "accept", {}, asCoach);
    expect([late.status, late.body]).toMatchObject([409, { code: "invalid_state", state: "expired" }]);
    expect(await outboxOf(booking["id"])).toEqual(["booking.requested", "booking.expired"]);
    await world.db`UPDATE claims SET expires_at = now() WHERE id = (SELECT claim_id FROM bookings WHERE id = ${String(soon.booking["id"])})`;
    expect(await releaseLapsed(world.app)).toBeGreaterThan(0);
    expect((await send("GET", `/v1/bookings/${String(soon.booking["id"])}`)).body).toMatchObject({
      status: "expired",
      version: 2,
    });
    expect(await claimsOfCoach()).toBe(0);
  });

  test("is answered once, however many answer at the same moment", async () => {
    const { booking } = (await book({ sessionTypeId: await makeType({ requiresApproval: true }) }))
      .body as Both;
    const answers = await Promise.all(
      ["accept", "decline", "accept", "cancel", "decline"].map((action) =>
        act(booking["id"], action, {}, asCoach),
      ),
    );
    const won = answers.filter(({ status }) => status === 200);
    // A cancellation may follow an acceptance; nothing else follows anything.
    expect(won.length).toBeLessThanOrEqual(2);
    expect(won.length).toBeGreaterThanOrEqual(1);
    for (const { status, body } of answers)
      if (status !== 200) expect([status, body["code"]]).toEqual([409, "invalid_state"]);
    const [sessions] = await world.db<
      { count: number }[]
    >`SELECT count(*)::int AS count FROM sessions WHERE booking_id = ${String(booking["id"])}`;
    expect(sessions?.count).toBe(answers[0]?.status === 200 || answers[2]?.status === 200 ? 1 : 0);
  });
});

describe("a session type", () => {
  test("must be named by a client where there are any, and by nobody else", async () => {
    const sessionTypeId = await makeType();
    const untyped = await book({ durationMinutes: 30 }, asMaya);
    expect([untyped.status, untyped.body["code"]]).toEqual([422, "session_type_required"]);
    expect((await book({ sessionTypeId }, asMaya)).status).toBe(201);
    expect((await book({ durationMinutes: 30, startsAt: "2030-01-08T10:00:00Z" }, asCoach)).status).toBe(422);
    expect((await book({ durationMinutes: 30, startsAt: "2030-01-08T10:00:00Z" })).status).toBe(201);
  });

  test("binds through a pool as well, so that leaving the pool out leaves nothing out", async () => {
    const pool = await send("POST", "/v1/pools", { name: "P", members: [{ coachId: coach.id }] });
    const sessionTypeId = await makeType({ coachIds: [], poolIds: [pool.body["id"]] });
    const direct = await book({ durationMinutes: 30 }, asMaya);
    expect([direct.status, direct.body["code"]]).toEqual([422, "session_type_required"]);
    const byPool = await send(
      "POST",
      "/v1/bookings",
      { poolId: pool.body["id"], startsAt, sessionTypeId },
      asMaya,
    );
    expect([byPool.status, (byPool.body as Both).booking]).toMatchObject([
      201,
      { coachId: coach.id, poolId: pool.body["id"], sessionTypeId },
    ]);
  });

  test("is refused where it is not offered, and with a length of one's own", async () => {
    const elsewhere = await makeType({ coachIds: [] });
    const refused = await book({ sessionTypeId: elsewhere });
    expect([refused.status, (refused.body["errors"] as { path: string }[])[0]?.path]).toEqual([
      422,
      "sessionTypeId",
    ]);
    expect((await book({ sessionTypeId: crypto.randomUUID() })).status).toBe(404);
    expect((await book({ sessionTypeId: await makeType(), durationMinutes: 45 })).status).toBe(422);
  });

  test("is refused too soon and too far, with the reason", async () => {
    const soon = await book({
      sessionTypeId: await makeType({ minimumNoticeMinutes: 600 }),
      startsAt: new Date(Date.now() + 3_600_000).toISOString(),
    });
    expect([soon.status, soon.body["reason"]]).toEqual([409, "too_soon"]);
    const far = await book({ sessionTypeId: await makeType({ bookingWindowDays: 10 }) });
    expect([far.status, far.body["reason"]]).toEqual([409, "too_far"]);
  });

  test("has defaults, is changed with its version, and its slug is its own", async () => {
    const slug = `slug-${crypto.randomUUID()}`;
    const made = await send("POST", "/v1/session-types", { slug, name: "Talk", durationMinutes: 50 });
    expect(made.body).toMatchObject({
      stepMinutes: 15,
      requiresApproval: false,
      allowsModelSummary: true,
      approvalDeadlineMinutes: 1440,
      location: { kind: "room" },
      coachIds: [],
      version: 1,
    });
    const again = await send("POST", "/v1/session-types", { slug, name: "Other", durationMinutes: 50 });
    expect([again.status, again.body]).toMatchObject([409, { code: "already_exists", field: "slug" }]);
    const path = `/v1/session-types/${String(made.body["id"])}`;
    const changed = await send(
      "PATCH",
      path,
      { bufferAfterMinutes: 10, coachIds: [coach.id], allowsModelSummary: false },
      world.keys.admin,
      { "if-match": '"1"' },
    );
    expect([changed.status, changed.body]).toMatchObject([
      200,
      {
        bufferAfterMinutes: 10,
        coachIds: [coach.id],
        allowsModelSummary: false,
        durationMinutes: 50,
        version: 2,
      },
    ]);
    expect((await send("PATCH", path, { name: "X" }, world.keys.admin, { "if-match": '"1"' })).status).toBe(
      412,
    );
    expect((await send("PATCH", path, { name: "X" }, asMaya)).status).toBe(404);
    expect((await send("PATCH", path, { name: "X" }, world.keys.bookings)).status).toBe(403);
    expect(
      (await send("POST", "/v1/session-types", { slug: `${slug}-2`, name: "T", durationMinutes: 50 }, asMaya))
        .status,
    ).toBe(403);
    const seen = await send("GET", path, undefined, asMaya);
    expect(Object.keys(seen.body)).not.toContain("bufferAfterMinutes");
    // Whether a model reads what they write is theirs to know.
    expect(seen.body["allowsModelSummary"]).toBe(false);
    expect((await send("GET", path, undefined, world.keys.read)).body).toEqual(changed.body);
  });

  test.each([
    ["no slug", { slug: undefined }],
    ["a slug with spaces", { slug: "a b" }],
    ["no length", { durationMinutes: 0 }],
    ["a length past a day", { durationMinutes: 1441 }],
    ["a notice of less than nothing", { minimumNoticeMinutes: -1 }],
    ["a location that is no URL", { location: { kind: "url", value: "not a url" } }],
    ["what is not known", { colour: "red" }],
  ])("is refused with %s", async (_, input) => {
    const body = { slug: `s-${crypto.randomUUID()}`, name: "T", durationMinutes: 30, ...input };
    expect((await send("POST", "/v1/session-types", body)).status).toBe(422);
  });
});

describe("moving a booking", () => {
  test("takes claim, booking and session to the new time in one step, and tells the room", async () => {
    const { booking, session } = await bookPlain();
    const moved = await act(booking["id"], "reschedule", { startsAt: "2030-01-07T14:00:00Z" }, asCoach, {
      "if-match": '"1"',
    });
    const both = moved.body as Both;
    expect([moved.status, moved.headers.get("etag")]).toEqual([200, '"2"']);
    expect(both).toMatchObject({
      booking: {
        id: booking["id"],
        status: "accepted",
        startsAt: "2030-01-07T14:00:00.000Z",
        endsAt: "2030-01-07T14:30:00.000Z",
        version: 2,
      },
      session: {
        id: session?.["id"],
        startsAt: "2030-01-07T14:00:00.000Z",
        endsAt: "2030-01-07T14:30:00.000Z",
        lastSeq: 2,
        version: 2,
      },
    });
    expect((await send("GET", `/v1/sessions/${String(session?.["id"])}`)).body).toEqual(both.session);
    const events = await send("GET", `/v1/sessions/${String(session?.["id"])}/events`);
    expect((events.body["data"] as { type: string; data: unknown }[]).map(({ type }) => type)).toEqual([
      "session:scheduled",
      "session:rescheduled",
    ]);
    expect((events.body["data"] as { data: { session: unknown } }[])[1]?.data.session).toEqual(both.session);
    expect(await outboxOf(booking["id"])).toEqual(["booking.accepted", "booking.rescheduled"]);
    expect(await claimsOfCoach()).toBe(1);
    expect((await book({ durationMinutes: 30, clientId: (await world.makeClient()).id })).status).toBe(201);
  });

  test("may overlap its own old time, may change its length, and may be to where it is", async () => {
    const { booking } = await bookPlain();
    const longer = await act(booking["id"], "reschedule", {
      startsAt: "2030-01-07T10:15:00Z",
      durationMinutes: 60,
    });
    expect([longer.status, (longer.body as Both).booking]).toMatchObject([
      200,
      { endsAt: "2030-01-07T11:15:00.000Z", version: 2 },
    ]);
    const same = await act(booking["id"], "reschedule", {
      startsAt: "2030-01-07T10:15:00Z",
      endsAt: "2030-01-07T11:15:00Z",
    });
    expect([same.status, (same.body as Both).booking["version"]]).toEqual([200, 2]);
  });

  test("is refused where the time is taken, and leaves everything as it was", async () => {
    const { booking } = await bookPlain();
    await bookPlain("2030-01-07T14:00:00Z");
    const refused = await act(booking["id"], "reschedule", { startsAt: "2030-01-07T14:15:00Z" });
    expect([refused.status, refused.body["reason"]]).toEqual([409, "taken"]);
    expect((await send("GET", `/v1/bookings/${String(booking["id"])}`)).body).toEqual(booking);
    expect(await claimsOfCoach()).toBe(2);
    expect((await act(booking["id"], "reschedule", { startsAt: "2020-01-07T14:15:00Z" })).status).toBe(422);
    expect((await act(booking["id"], "reschedule", {})).status).toBe(422);
  });

  test("is refused with a version that has passed, to strangers, and once the session has begun", async () => {
    const { booking, session } = await bookPlain(new Date(Date.now() + 300_000).toISOString());
    const to = { startsAt: "2030-01-07T14:00:00Z" };
    expect((await act(booking["id"], "reschedule", to, asStranger)).status).toBe(404);
    expect((await act(booking["id"], "reschedule", to, world.keys.read)).status).toBe(403);
    expect((await act(booking["id"], "reschedule", to, asCoach, { "if-match": '"9"' })).status).toBe(412);
    await send("POST", `/v1/sessions/${String(session?.["id"])}/start`, {});
    const begun = await act(booking["id"], "reschedule", to);
    expect([begun.status, begun.body]).toMatchObject([409, { code: "invalid_state", state: "in_progress" }]);
    await act(booking["id"], "cancel");
    expect((await act(booking["id"], "reschedule", to)).body).toMatchObject({
      code: "invalid_state",
      state: "cancelled",
    });
  });

  test("keeps a client to the cut-off, to approval and to the length of the type, and nobody else", async () => {
    const to = { startsAt: "2030-01-07T14:00:00Z" };
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const cutoff = (
      await book({ sessionTypeId: await makeType({ rescheduleCutoffMinutes: 120 }), startsAt: soon })
    ).body as Both;
    const late = await act(cutoff.booking["id"], "reschedule", to, asMaya);
    expect([late.status, late.body["code"]]).toEqual([409, "too_late"]);
    expect((await act(cutoff.booking["id"], "reschedule", to, asCoach)).status).toBe(200);
    expect(
      (await act(cutoff.booking["id"], "reschedule", { ...to, durationMinutes: 45 }, asMaya)).status,
    ).toBe(422);
    expect(
      (
        await act(
          cutoff.booking["id"],
          "reschedule",
          { startsAt: "2030-01-07T15:00:00Z", durationMinutes: 30 },
          asMaya,
        )
      ).status,
    ).toBe(200);
    const approved = (
      await book({
        sessionTypeId: await makeType({ requiresApproval: true }),
        startsAt: "2030-01-09T10:00:00Z",
      })
    ).body as Both;
    await act(approved.booking["id"], "accept");
    const refused = await act(
      approved.booking["id"],
      "reschedule",
      { startsAt: "2030-01-09T14:00:00Z" },
      asMaya,
    );
    expect([refused.status, refused.body["code"]]).toEqual([409, "needs_approval"]);
    expect(
      (await act(approved.booking["id"], "reschedule", { startsAt: "2030-01-09T14:00:00Z" }, asCoach)).status,
    ).toBe(200);
  });
});

describe("cancelling", () => {
  test("keeps a client to the cut-off, and nobody else", async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const { booking } = (
      await book({ sessionTypeId: await makeType({ cancelCutoffMinutes: 120 }), startsAt: soon })
    ).body as Both;
    const late = await act(booking["id"], "cancel", {}, asMaya);
    expect([late.status, late.body["code"]]).toEqual([409, "too_late"]);
    expect((await act(booking["id"], "cancel", {}, asCoach)).status).toBe(200);
  });

  test("a session cancels its booking with it, once, with its version honoured", async () => {
    const { booking, session } = await bookPlain();
    const path = `/v1/sessions/${String(session?.["id"])}/cancel`;
    expect((await send("POST", path, {}, asStranger)).status).toBe(404);
    expect((await send("POST", path, {}, world.keys.read)).status).toBe(403);
    expect((await send("POST", path, {}, asCoach, { "if-match": '"5"' })).status).toBe(412);
    const cancelled = await send("POST", path, { reason: "Ill" }, asMaya, { "if-match": '"1"' });
    expect([cancelled.status, cancelled.body]).toMatchObject([
      200,
      { id: session?.["id"], status: "cancelled", endReason: "Ill" },
    ]);
    expect((await send("GET", `/v1/bookings/${String(booking["id"])}`)).body).toMatchObject({
      status: "cancelled",
    });
    expect(await claimsOfCoach()).toBe(0);
    expect((await send("POST", path, {}, asMaya)).body).toMatchObject({ code: "invalid_state" });
  });
});

describe("changing a coach", () => {
  const patch = (body: unknown, as = world.keys.admin, headers: Record<string, string> = {}) =>
    send("PATCH", `/v1/coaches/${coach.id}`, body, as, headers);

  test("who becomes inactive keeps what is booked and takes nothing new", async () => {
    const { booking } = await bookPlain();
    expect((await patch({ active: false })).body).toMatchObject({ active: false, version: 2 });
    const refused = await book({ durationMinutes: 30, startsAt: "2030-01-08T10:00:00Z" });
    expect([refused.status, refused.body["reason"]]).toEqual([409, "coach_inactive"]);
    expect((await send("GET", `/v1/bookings/${String(booking["id"])}`)).body).toEqual(booking);
    expect((await act(booking["id"], "cancel")).status).toBe(200);
  });

  test("lets a coach change their own name, mail, zone and limit, and nothing else of theirs or others'", async () => {
    expect(
      (await patch({ name: "New", timeZone: "Asia/Tokyo", dailyLimit: 3, email: null }, asCoach)).body,
    ).toMatchObject({ name: "New", timeZone: "Asia/Tokyo", dailyLimit: 3, email: null });
    for (const body of [{ score: 1 }, { active: false }, { externalId: "x" }])
      expect((await patch(body, asCoach)).status).toBe(403);
    expect(
      (await patch({ name: "X" }, await world.userToken("coach", (await world.makeCoach()).id))).status,
    ).toBe(404);
    expect((await patch({ name: "X" }, world.keys.bookings)).status).toBe(403);
    expect((await patch({ name: "X" }, world.keys.admin, { "if-match": '"1"' })).status).toBe(412);
    expect((await patch({ timeZone: "Mars/Olympus" })).status).toBe(422);
    await world.makeCoach({ externalId: `taken-${coach.id}` });
    expect((await patch({ externalId: `taken-${coach.id}` })).body).toMatchObject({
      code: "already_exists",
      field: "externalId",
    });
  });

  test("a client changes themselves, but not the house's id for them", async () => {
    const own = (body: unknown, as = asMaya) => send("PATCH", `/v1/clients/${maya.id}`, body, as);
    expect((await own({ name: "Maya M.", timeZone: "Asia/Tokyo" })).body).toMatchObject({
      name: "Maya M.",
      timeZone: "Asia/Tokyo",
      version: 2,
    });
    expect((await own({ externalId: "x" })).status).toBe(403);
    expect((await own({ name: "X" }, asStranger)).status).toBe(404);
    expect((await own({ externalId: `crm-${maya.id}` }, world.keys.bookings)).body).toMatchObject({
      externalId: `crm-${maya.id}`,
    });
  });
});
