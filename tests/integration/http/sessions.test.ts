import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Client } from "../../../src/domain/client.ts";
import type { Coach } from "../../../src/domain/coach.ts";
import type { Session } from "../../../src/domain/session.ts";
import { summariseSession } from "../../../src/usecases/sessions/summarise.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { type Served, serve } from "../../support/serve.ts";

let world: TestApp;
let hub: Served;
let coach: Coach;
let client: Client;
let session: Session;
let asCoach: string;
let asClient: string;
let asStranger: string;

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
  client = await world.makeClient();
  ({ session } = await world.makeBooking({ coach, client }));
  asCoach = await world.userToken("coach", coach.id);
  asClient = await world.userToken("client", client.id);
  asStranger = await world.userToken("client", (await world.makeClient()).id);
});

const get = (suffix: string, as: string) => hub.send("GET", `/v1/sessions/${session.id}${suffix}`, { as });
const post = (suffix: string, as: string, body?: unknown) =>
  hub.send("POST", `/v1/sessions/${session.id}${suffix}`, { as, ...(body === undefined ? {} : { body }) });
const codeOf = ({ status, body }: { status: number; body: Record<string, unknown> }) => [
  status,
  body["code"],
];

describe("a session", () => {
  test("is read and listed by its coach, its client and keys", async () => {
    for (const as of [asCoach, asClient, world.keys.read]) {
      const read = await get("", as);
      expect([read.status, read.body["id"], read.headers.get("etag")]).toEqual([200, session.id, '"1"']);
    }
    for (const as of [asCoach, asClient]) {
      for (const path of ["/v1/sessions", "/v1/me/sessions"]) {
        const list = await hub.send("GET", path, { as });
        expect((list.body["data"] as Session[]).map(({ id }) => id)).toEqual([session.id]);
      }
    }
    const otherSide = await hub.send("GET", "/v1/me/sessions?as=client", { as: asCoach });
    expect(otherSide.body).toEqual({ data: [], nextCursor: null });
    expect(codeOf(await hub.send("GET", "/v1/me/sessions", { as: world.keys.read }))).toEqual([
      403,
      "forbidden",
    ]);
  });

  test("of somebody else looks like one that is not there, whatever is tried with it", async () => {
    const tries: [string, string][] = [
      ["GET", ""],
      ["GET", "/participants"],
      ["GET", "/events"],
      ["GET", "/attendance"],
      ["GET", "/summary"],
      ["POST", "/join"],
      ["POST", "/start"],
      ["POST", "/end"],
    ];
    for (const [method, suffix] of tries) {
      const theirs = await hub.send(method, `/v1/sessions/${session.id}${suffix}`, { as: asStranger });
      const nobodys = await hub.send(method, `/v1/sessions/${crypto.randomUUID()}${suffix}`, {
        as: asStranger,
      });
      expect([suffix, theirs.status]).toEqual([suffix, 404]);
      expect({ ...theirs.body, requestId: "" }).toEqual({ ...nobodys.body, requestId: "" });
    }
    const list = await hub.send("GET", `/v1/sessions?clientId=${client.id}`, { as: asStranger });
    expect(list.body).toEqual({ data: [], nextCursor: null });
  });

  test("is started by its coach and ended by its coach, never by its client, never by a reader", async () => {
    expect(codeOf(await post("/end", asCoach))).toEqual([409, "invalid_state"]);
    expect(codeOf(await post("/start", asClient))).toEqual([403, "forbidden"]);
    expect(codeOf(await post("/start", world.keys.read))).toEqual([403, "forbidden"]);
    const started = await post("/start", asCoach);
    expect(started.body).toMatchObject({
      status: "in_progress",
      startedAt: expect.any(String) as string,
      version: 2,
    });
    expect(codeOf(await post("/start", asCoach))).toEqual([409, "invalid_state"]);
    expect(codeOf(await post("/end", asClient))).toEqual([403, "forbidden"]);
    const ended = await post("/end", asCoach, { reason: "all said" });
    expect(ended.body).toMatchObject({ status: "completed", endReason: "all said", lastSeq: 3, version: 3 });
    expect(codeOf(await post("/end", asCoach))).toEqual([409, "invalid_state"]);
    const events = await get("/events?after=1", asCoach);
    expect((events.body["data"] as { type: string }[]).map(({ type }) => type)).toEqual([
      "session:started",
      "session:ended",
    ]);
    expect((await get("/events?limit=2", asCoach)).body["nextCursor"]).toBe("2");
  });

  test("is started once, however many try at the same moment", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => post("/start", world.keys.admin)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(7);
  });
});

describe("a ticket", () => {
  test("is for the person who asks, or for whom a key says", async () => {
    const own = await post("/join", asClient);
    expect(own.status).toBe(200);
    expect(own.body).toMatchObject({
      url: expect.stringMatching(/\/live$/) as string,
      session: { id: session.id },
    });
    const expiresInMs = Date.parse(String(own.body["expiresAt"])) - Date.now();
    expect(expiresInMs).toBeGreaterThan(14 * 60_000);
    for (const body of [
      { as: "coach" },
      { as: "client" },
      { role: "observer", name: "Eve" },
      { role: "guest", name: "Gus" },
    ]) {
      expect((await post("/join", world.keys.bookings, body)).status).toBe(200);
    }
    expect((await post("/join", asCoach, { role: "guest", name: "Gus" })).status).toBe(200);
    expect((await get("/participants", asCoach)).body).toEqual({ data: [] });
  });

  test("is refused to those who may not have it, and when it does not say whom it is for", async () => {
    expect(codeOf(await post("/join", world.keys.bookings, {}))).toEqual([422, "invalid_request"]);
    expect(codeOf(await post("/join", world.keys.bookings, { role: "guest" }))).toEqual([
      422,
      "invalid_request",
    ]);
    expect(codeOf(await post("/join", world.keys.bookings, { as: "coach", role: "guest" }))).toEqual([
      422,
      "invalid_request",
    ]);
    expect(codeOf(await post("/join", asClient, { as: "coach" }))).toEqual([403, "forbidden"]);
    expect(codeOf(await post("/join", asClient, { role: "guest", name: "Gus" }))).toEqual([403, "forbidden"]);
    expect(codeOf(await post("/join", asCoach, { role: "observer", name: "Eve" }))).toEqual([
      403,
      "forbidden",
    ]);
    expect(codeOf(await post("/join", world.keys.read, { as: "coach" }))).toEqual([403, "forbidden"]);
  });

  test("is not to be had before the room opens nor after it closed", async () => {
    const { session: later } = await world.makeBooking({ coach, client, inMinutes: 120 });
    const early = await hub.send("POST", `/v1/sessions/${later.id}/join`, { as: asClient });
    expect(codeOf(early)).toEqual([409, "too_early"]);
    expect(Number(early.headers.get("retry-after"))).toBeGreaterThan(100 * 60);
    await post("/start", asCoach);
    await post("/end", asCoach);
    expect(codeOf(await post("/join", asClient))).toEqual([409, "session_closed"]);
  });
});

describe("a summary", () => {
  test("is 404 with Retry-After until it is written, and the same ever after", async () => {
    expect((await get("/summary", asClient)).headers.get("retry-after")).toBe("60");
    await post("/start", asCoach);
    await post("/end", asCoach);
    const soon = await get("/summary", asClient);
    expect([...codeOf(soon), soon.headers.get("retry-after")]).toEqual([404, "not_found", "1"]);
    const runs = await Promise.all(
      Array.from({ length: 4 }, () => summariseSession(world.app, { sessionId: session.id, requestId: "t" })),
    );
    expect(runs.toSorted()).toEqual(["there_already", "there_already", "there_already", "written"]);
    const summary = await get("/summary", asClient);
    expect(summary.body).toMatchObject({
      sessionId: session.id,
      scheduledMinutes: 30,
      outcome: "completed",
      participants: [],
      attendeeCount: 0,
      togetherMinutes: 0,
      absent: ["coach", "client"],
      messageCount: 0,
      modelText: null,
    });
    expect(summary.body["text"]).toContain("Nobody joined the room.");
    expect(summary.body["markdown"]).toContain(`## Session summary`);
    const events = (await get("/events", asCoach)).body["data"] as { type: string }[];
    expect(events.filter(({ type }) => type === "summary:ready")).toHaveLength(1);
  });

  test("is never written for a session that was cancelled before it started", async () => {
    await hub.send("POST", `/v1/bookings/${session.bookingId}/cancel`, { as: asCoach });
    expect(await summariseSession(world.app, { sessionId: session.id, requestId: "t" })).toBe(
      "nothing_to_summarise",
    );
    const none = await get("/summary", asCoach);
    expect([none.status, none.headers.get("retry-after")]).toEqual([404, null]);
  });
});
