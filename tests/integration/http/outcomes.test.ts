import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listEvents } from "../../../src/db/session-events.ts";
import { closeOverdueSessions } from "../../../src/usecases/sessions/close-overdue.ts";
import { summariseSession } from "../../../src/usecases/sessions/summarise.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import {
  type MadeSession,
  type PastSession,
  makePastSession,
  minutesFromNow,
} from "../../support/past-session.ts";
import { type Reply, type Served, serve } from "../../support/serve.ts";

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

const running: PastSession = {
  startsIn: -10,
  endsIn: 50,
  startedIn: -10,
  visits: [{ role: "coach", from: -10 }],
};
const make = (past: PastSession = running): Promise<MadeSession> => makePastSession(world, past);
const post = (
  { id }: { id: string },
  action: "no-show" | "correct" | "end",
  body: unknown,
  as = world.keys.admin,
  headers: Record<string, string> = {},
): Promise<Reply> => hub.send("POST", `/v1/sessions/${id}/${action}`, { as, body, headers });
const get = ({ id }: { id: string }, suffix: string, as = world.keys.read): Promise<Reply> =>
  hub.send("GET", `/v1/sessions/${id}${suffix}`, { as });
const codeOf = ({ status, body }: Reply) => [status, body["code"]];
const asCoachOf = ({ coach }: MadeSession) => world.userToken("coach", coach.id);
const asClientOf = ({ client }: MadeSession) => world.userToken("client", client.id);
const asStranger = async () => world.userToken("coach", (await world.makeCoach()).id);
const typesOf = async ({ id }: { id: string }): Promise<string[]> =>
  (await listEvents(world.db, id, { after: 1, limit: 100 })).map(({ type }) => type);
const outboxOf = async ({ id }: { id: string }): Promise<string[]> =>
  (
    await world.db<{ type: string }[]>`
      SELECT type FROM outbox WHERE payload ->> 'sessionId' = ${id} AND type ~ '^(session|summary)' ORDER BY id`
  ).map(({ type }) => type);
const summarise = ({ id }: { id: string }) => summariseSession(world.app, { sessionId: id, requestId: "t" });

describe("no-show", () => {
  test("closes a session, in progress or not started, says who did not come, and sends everybody out", async () => {
    const session = await make();
    const answer = await post(session, "no-show", { absent: "client" }, await asCoachOf(session));
    expect([answer.status, answer.body, answer.headers.get("etag")]).toMatchObject([
      200,
      { status: "no_show", absent: "client", endReason: null, participantCount: 0, version: 2 },
      '"2"',
    ]);
    expect((await get(session, "")).body).toEqual(answer.body);
    expect(await typesOf(session)).toEqual(["session:no_show", "participant:left"]);
    expect(await outboxOf(session)).toEqual(["session.no_show"]);
    const join = await hub.send("POST", `/v1/sessions/${session.id}/join`, { as: await asClientOf(session) });
    expect(codeOf(join)).toEqual([409, "session_closed"]);
    const waiting = await make({ startsIn: -1, endsIn: 30 });
    expect((await post(waiting, "no-show", { absent: "both" }, world.keys.bookings)).body).toMatchObject({
      status: "no_show",
      absent: "both",
    });
  });

  test("has no reason but who did not come, and none is quoted in the summary, corrected or not", async () => {
    const session = await make();
    await post(session, "no-show", { absent: "client" }, await asCoachOf(session));
    const [closing] = await listEvents(world.db, session.id, { after: 1, limit: 1 });
    expect(closing).toMatchObject({ type: "session:no_show", data: { absent: "client" } });
    expect(closing?.data).not.toHaveProperty("reason");
    await summarise(session);
    const text = String((await get(session, "/summary")).body["text"]);
    expect(text).toContain("It counts as a no-show: the client was absent. The coach ended it.");
    expect(text).not.toContain("Reason given");
    await post(session, "correct", { outcome: "completed", reason: "By telephone" });
    await summarise(session);
    const quoted = String((await get(session, "/summary")).body["text"]).match(/“[^”]*”/g);
    expect(quoted).toEqual(["“By telephone”"]);
  });

  test("is not known before the start, and the refusal says how long that is", async () => {
    const session = await make({ startsIn: 5, endsIn: 35 });
    const early = await post(session, "no-show", { absent: "client" });
    expect(codeOf(early)).toEqual([409, "too_early"]);
    expect(Number(early.headers.get("retry-after"))).toBeGreaterThan(4 * 60);
    expect((await get(session, "")).body).toMatchObject({ status: "scheduled", absent: null });
  });

  test("is said once, and of no session that has closed", async () => {
    const session = await make();
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => post(session, "no-show", { absent: "client" })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers)
      if (answer.status !== 200)
        expect([codeOf(answer), answer.body["state"]]).toEqual([[409, "invalid_state"], "no_show"]);
    expect(codeOf(await post(session, "end", {}))).toEqual([409, "invalid_state"]);
    const ended = await make();
    await post(ended, "end", {});
    expect(codeOf(await post(ended, "no-show", { absent: "client" }))).toEqual([409, "invalid_state"]);
  });

  test("is the coach's to say, not the client's nor a reader's, and a stranger's session is not there", async () => {
    const session = await make();
    const body = { absent: "client" };
    expect(codeOf(await post(session, "no-show", body, await asClientOf(session)))).toEqual([
      403,
      "forbidden",
    ]);
    expect(codeOf(await post(session, "no-show", body, world.keys.read))).toEqual([403, "forbidden"]);
    const theirs = await post(session, "no-show", body, await asStranger());
    const nobodys = await post({ id: crypto.randomUUID() }, "no-show", body, await asStranger());
    expect(theirs.status).toBe(404);
    expect({ ...theirs.body, requestId: "" }).toEqual({ ...nobodys.body, requestId: "" });
    expect(await typesOf(session)).toEqual([]);
  });

  test("is refused without a side, with another one, and for a version that is not the present one", async () => {
    const session = await make();
    for (const body of [{}, { absent: "guest" }, { absent: "client", reason: "late" }])
      expect(codeOf(await post(session, "no-show", body))).toEqual([422, "invalid_request"]);
    const stale = await post(session, "no-show", { absent: "client" }, world.keys.admin, {
      "if-match": '"7"',
    });
    expect(codeOf(stale)).toEqual([412, "version_mismatch"]);
  });

  test("is answered the same again under one idempotency key", async () => {
    const session = await make();
    const key = { "idempotency-key": crypto.randomUUID() };
    const first = await post(session, "no-show", { absent: "coach" }, world.keys.admin, key);
    const again = await post(session, "no-show", { absent: "coach" }, world.keys.admin, key);
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
  });
});

describe("a correction", () => {
  const reason = "They met by telephone";
  const makeNoShow = async (): Promise<MadeSession> => {
    const session = await make();
    expect((await post(session, "no-show", { absent: "client" })).status).toBe(200);
    return session;
  };

  test("turns one outcome into the other and back, and the log says by whom and why", async () => {
    const session = await makeNoShow();
    const before = (await get(session, "")).body;
    const asCoach = await asCoachOf(session);
    const corrected = await post(session, "correct", { outcome: "completed", reason }, asCoach);
    expect([corrected.status, corrected.headers.get("etag")]).toEqual([200, '"3"']);
    expect(corrected.body).toMatchObject({
      status: "completed",
      absent: null,
      endReason: null,
      endedAt: before["endedAt"],
      version: 3,
      lastSeq: 4,
    });
    expect((await get(session, "")).body).toEqual(corrected.body);
    const back = { outcome: "no_show", absent: "coach", reason: "It was somebody else" };
    expect((await post(session, "correct", back)).body).toMatchObject({ status: "no_show", absent: "coach" });
    const events = await listEvents(world.db, session.id, { after: 3, limit: 10 });
    expect(events).toMatchObject([
      {
        seq: 4,
        type: "session:corrected",
        actor: { type: "coach", id: session.coach.id },
        data: {
          from: "no_show",
          reason,
          by: { type: "coach", id: session.coach.id },
          session: { status: "completed", absent: null, lastSeq: 4 },
        },
      },
      { seq: 5, type: "session:corrected", data: { from: "completed", session: { absent: "coach" } } },
    ]);
    expect(await outboxOf(session)).toEqual(["session.no_show", "session.corrected", "session.corrected"]);
  });

  test("has the summary written anew and told again, once, however often its job runs", async () => {
    const session = await makeNoShow();
    expect([await summarise(session), await summarise(session)]).toEqual(["written", "there_already"]);
    const first = (await get(session, "/summary")).body;
    await post(session, "correct", { outcome: "completed", reason });
    const runs = await Promise.all(Array.from({ length: 4 }, () => summarise(session)));
    expect(runs.toSorted()).toEqual(["there_already", "there_already", "there_already", "written"]);
    const second = (await get(session, "/summary")).body;
    expect(Date.parse(String(second["generatedAt"]))).toBeGreaterThan(
      Date.parse(String(first["generatedAt"])),
    );
    expect(await typesOf(session)).toEqual([
      "session:no_show",
      "participant:left",
      "summary:ready",
      "session:corrected",
      "summary:ready",
    ]);
    expect((await outboxOf(session)).filter((type) => type === "summary.ready")).toHaveLength(2);
    expect(await world.db`SELECT FROM summaries WHERE session_id = ${session.id}`).toHaveLength(1);
  });

  test("leaves why it ended, and the summary quotes that and the newest correction, and no code", async () => {
    const textOf = async (session: MadeSession): Promise<string> => {
      await summarise(session);
      return String((await get(session, "/summary")).body["text"]);
    };
    const ended = await make();
    const asCoach = await asCoachOf(ended);
    await post(ended, "end", { reason: "All said" }, asCoach);
    const noShow = { outcome: "no_show", absent: "client", reason: "Nobody but me came" };
    const corrected = await post(ended, "correct", noShow, asCoach);
    expect(corrected.body).toMatchObject({ status: "no_show", endReason: "All said" });
    const why = "The coach ended it. Reason given: “All said”.";
    expect(await textOf(ended)).toContain(
      `the client was absent. ${why} ` +
        "The outcome was corrected by the coach. Reason given: “Nobody but me came”.",
    );
    const back = await post(ended, "correct", { outcome: "completed", reason });
    expect(back.body).toMatchObject({ status: "completed", endReason: "All said" });
    const second = await textOf(ended);
    expect(second).toContain(`${why} The outcome was corrected. Reason given: “${reason}”.`);
    expect(second).not.toContain("Nobody but me came");

    const empty = await make({ startsIn: -60, endsIn: -40, startedIn: -60 });
    await closeOverdueSessions(world.app);
    await post(empty, "correct", { outcome: "completed", reason });
    expect((await get(empty, "")).body["endReason"]).toBe("empty_room");
    expect(await textOf(empty)).toContain(
      `as its room was empty. The outcome was corrected. Reason given: “${reason}”.`,
    );
  });

  test("before its summary was first written leads to one summary, of what is true by then", async () => {
    const session = await makeNoShow();
    await post(session, "correct", { outcome: "completed", reason });
    expect([await summarise(session), await summarise(session)]).toEqual(["written", "there_already"]);
  });

  test("is for what the hub decided by itself as well", async () => {
    const session = await make({ startsIn: -40, endsIn: 20 });
    await closeOverdueSessions(world.app);
    expect((await post(session, "correct", { outcome: "completed", reason })).body).toMatchObject({
      status: "completed",
      startedAt: null,
    });
  });

  test("is refused where there is nothing to correct: open, cancelled, or come to that outcome already", async () => {
    const open = await make();
    const completed = { outcome: "completed", reason };
    expect(codeOf(await post(open, "correct", completed))).toEqual([409, "invalid_state"]);
    await post(open, "end", {});
    const same = await post(open, "correct", completed);
    expect([codeOf(same), same.body["state"]]).toEqual([[409, "invalid_state"], "completed"]);
    const cancelled = await make();
    await hub.send("POST", `/v1/sessions/${cancelled.id}/cancel`, { as: world.keys.admin, body: {} });
    expect(codeOf(await post(cancelled, "correct", completed))).toEqual([409, "invalid_state"]);
    const session = await makeNoShow();
    const again = { outcome: "no_show", absent: "coach", reason };
    expect(codeOf(await post(session, "correct", again))).toEqual([409, "invalid_state"]);
  });

  test("is made once, however many make it at the same moment", async () => {
    const session = await makeNoShow();
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => post(session, "correct", { outcome: "completed", reason })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter((answer) => codeOf(answer)[1] === "invalid_state")).toHaveLength(5);
  });

  test("is taken for 7 days and no longer", async () => {
    const session = await makeNoShow();
    const endedDaysAgo = (days: number) => world.db`
      UPDATE sessions SET ended_at = ${minutesFromNow(-days * 24 * 60)} WHERE id = ${session.id}`;
    await endedDaysAgo(7.01);
    expect(codeOf(await post(session, "correct", { outcome: "completed", reason }))).toEqual([
      409,
      "too_late",
    ]);
    await endedDaysAgo(6.99);
    expect((await post(session, "correct", { outcome: "completed", reason })).status).toBe(200);
  });

  test("is not the client's nor a reader's to make, and a stranger's session is not there", async () => {
    const session = await makeNoShow();
    const body = { outcome: "completed", reason };
    expect(codeOf(await post(session, "correct", body, await asClientOf(session)))).toEqual([
      403,
      "forbidden",
    ]);
    expect(codeOf(await post(session, "correct", body, world.keys.read))).toEqual([403, "forbidden"]);
    const theirs = await post(session, "correct", body, await asStranger());
    const nobodys = await post({ id: crypto.randomUUID() }, "correct", body, await asStranger());
    expect(theirs.status).toBe(404);
    expect({ ...theirs.body, requestId: "" }).toEqual({ ...nobodys.body, requestId: "" });
  });

  test.each([
    ["no reason", { outcome: "completed" }],
    ["no outcome", { reason }],
    ["an outcome that is none", { outcome: "cancelled", reason }],
    ["a no-show of nobody", { outcome: "no_show", reason }],
    ["somebody absent from what is completed", { outcome: "completed", absent: "client", reason }],
    ["a reason of nothing", { outcome: "completed", reason: "" }],
  ])("is refused with %s", async (_, body) => {
    const session = await makeNoShow();
    expect(codeOf(await post(session, "correct", body))).toEqual([422, "invalid_request"]);
    expect((await get(session, "")).body).toMatchObject({ status: "no_show", version: 2 });
  });
});

describe("the room timers of a session type", () => {
  const path = "/v1/session-types";
  const send = (method: string, to: string, body?: unknown, as = world.keys.admin) =>
    hub.send(method, to, { as, ...(body === undefined ? {} : { body }) });
  const fields = () => ({ slug: `t-${crypto.randomUUID()}`, name: "Talk", durationMinutes: 30 });

  test("are the hub's own unless it says otherwise, and again when that is taken back", async () => {
    const none = { emptyRoomMinutes: null, maxOverrunMinutes: null, noShowMinutes: null };
    const plain = await send("POST", path, fields());
    expect([plain.status, plain.body]).toMatchObject([201, none]);
    const own = { emptyRoomMinutes: 0, maxOverrunMinutes: 5, noShowMinutes: 20 };
    const made = await send("POST", path, { ...fields(), ...own });
    expect(made.body).toMatchObject(own);
    const one = `${path}/${String(made.body["id"])}`;
    expect((await send("GET", one)).body).toEqual(made.body);
    const changed = await send("PATCH", one, { noShowMinutes: null, maxOverrunMinutes: 45 });
    expect(changed.body).toMatchObject({ emptyRoomMinutes: 0, maxOverrunMinutes: 45, noShowMinutes: null });
    const asClient = await world.userToken("client", (await world.makeClient()).id);
    expect(Object.keys((await send("GET", one, undefined, asClient)).body)).not.toContain("noShowMinutes");
  });

  test.each([
    { noShowMinutes: 0 },
    { emptyRoomMinutes: -1 },
    { maxOverrunMinutes: 1441 },
    { emptyRoomMinutes: 1.5 },
  ])("are refused as %o", async (timers) => {
    expect((await send("POST", path, { ...fields(), ...timers })).status).toBe(422);
  });
});
