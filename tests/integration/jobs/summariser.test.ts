import { Writable } from "node:stream";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { insertVisits } from "../../../src/db/attendance.ts";
import { insertEvents } from "../../../src/db/session-events.ts";
import type { Coach } from "../../../src/domain/coach.ts";
import { maxConversationBytes } from "../../../src/domain/conversation.ts";
import type { Summary } from "../../../src/domain/room.ts";
import type { Session } from "../../../src/domain/session.ts";
import { type LlmSettings, createLlmSummariser } from "../../../src/outbound/summariser-llm.ts";
import type { App } from "../../../src/usecases/app.ts";
import { createSessionType } from "../../../src/usecases/session-types/create.ts";
import { endSession } from "../../../src/usecases/sessions/end.ts";
import { startSession } from "../../../src/usecases/sessions/start.ts";
import { summariseSession } from "../../../src/usecases/sessions/summarise.ts";
import { readSummary } from "../../../src/usecases/sessions/summary.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { type Asked, type ModelServer, createModelServer, say } from "../../support/model-server.ts";
import { waitFor } from "../../support/wait.ts";

let world: TestApp;
let model: ModelServer;
let logged: string[];

const admin = {
  principal: { kind: "key", id: crypto.randomUUID(), name: "tests", scope: "admin" },
  requestId: "req-7",
} as const;

beforeEach(async () => {
  world = await createTestApp();
  model = await createModelServer();
  logged = [];
});

afterEach(async () => {
  await model.close();
  await world.close();
});

/** The app with a model to ask. */
const withModel = (settings: Partial<LlmSettings> = {}): App => {
  const stream = new Writable({
    write: (chunk, _, done) => {
      logged.push(String(chunk));
      done();
    },
  });
  const given = { url: model.url, model: "m-1", key: "sk-secret", timeoutMs: 5_000, ...settings };
  return { ...world.app, summariser: createLlmSummariser(given, pino({}, stream)) };
};

/** A session that has just been completed: coach, client and those others were there; the coach wrote first. */
const completed = async ({
  said = [],
  notes = null,
  typeAllows,
  others = [],
}: {
  others?: ("guest" | "observer")[];
  said?: string[];
  notes?: string | null;
  typeAllows?: boolean;
} = {}): Promise<Session> => {
  const coach = await world.makeCoach({ name: "Ada Okafor", email: "ada@coaches.example" });
  const client = await world.makeClient({ name: "Maya Lind", email: "maya@clients.example" });
  const { session } = await world.makeBooking({
    coach,
    client,
    ...(typeAllows === undefined ? {} : { sessionTypeId: await makeType(coach, typeAllows) }),
  });
  await world.db`UPDATE bookings SET notes = ${notes} WHERE id = ${session.bookingId}`;
  await startSession(world.app, admin, { id: session.id });
  const sides = [
    { participantId: coach.id, role: "coach", name: coach.name },
    { participantId: client.id, role: "client", name: client.name },
  ] as const;
  const common = { sessionId: session.id, joinedAt: new Date() };
  await insertVisits(
    world.db,
    [
      ...sides,
      ...others.map((role) => ({ participantId: crypto.randomUUID(), role, name: "Gus Weber" })),
    ].map((visit) => ({ id: crypto.randomUUID(), ...common, ...visit })),
  );
  await insertEvents(world.db, {
    sessionId: session.id,
    requestId: null,
    events: said.map((text, index) => {
      const { participantId, role, name } = sides[index % 2 === 0 ? 0 : 1];
      return {
        id: crypto.randomUUID(),
        type: "message:posted",
        actor: { type: role, id: participantId },
        data: { messageId: crypto.randomUUID(), participantId, name, text },
      };
    }),
  });
  return endSession(world.app, admin, { id: session.id });
};

const makeType = async (coach: Coach, allowsModelSummary: boolean): Promise<string> => {
  const fields = { name: "Talk", durationMinutes: 30, coachIds: [coach.id], allowsModelSummary };
  return (await createSessionType(world.app, admin, { ...fields, slug: `talk-${coach.id}` })).id;
};

const summarise = (app: App, { id }: Session) => summariseSession(app, { sessionId: id, requestId: "r" });
const summaryOf = (app: App, { id }: Session): Promise<Summary> => readSummary(app, admin, id);

const readyEvents = ({ id }: Session) => world.db<{ data: { summary: Summary } }[]>`
  SELECT data FROM session_events WHERE session_id = ${id} AND type = 'summary:ready'`;

const note = "Written by a model from the chat and the notes; it may be wrong.";

describe("a model", () => {
  test("adds a paragraph, which the summary, its markdown and the room's event tell as a model's", async () => {
    const app = withModel();
    const session = await completed({ said: ["How was the exam?", "Good!"], notes: "Exam of June" });
    model.answer((_, response) => say(response, "They spoke of the *exam*."));
    expect(await summarise(app, session)).toBe("written");
    const summary = await summaryOf(app, session);
    expect(summary.modelText).toBe("They spoke of the *exam*.");
    expect(summary.text).toMatch(/^The session was planned for .* 2 messages were sent\.\n\n/);
    expect(summary.text.endsWith(`\n\n${note}\n\nThey spoke of the *exam*.`)).toBe(true);
    expect(summary.markdown.endsWith(`*${note}*\n\nThey spoke of the \\*exam\\*\\.`)).toBe(true);
    const [event] = await readyEvents(session);
    expect(event?.data.summary).toEqual(JSON.parse(JSON.stringify(summary)));
    expect(logged).toEqual([]);
  });

  test("is sent chat and notes by role, with the key, and no name, address or id of anybody", async () => {
    const session = await completed({ said: ["How was the exam?", "Good!"], notes: "Exam of June" });
    await summarise(withModel(), session);
    const [asked] = model.asked as [Asked];
    expect(asked.headers).toMatchObject({
      authorization: "Bearer sk-secret",
      "content-type": "application/json",
    });
    expect(asked.body).toMatchObject({ model: "m-1", max_tokens: 400, stream: false });
    expect(asked.body.messages.map(({ role }) => role)).toEqual(["system", "user"]);
    expect(asked.conversation).toEqual({
      notes: "Exam of June",
      earlierMessages: 0,
      messages: [
        { from: "coach", text: "How was the exam?" },
        { from: "client", text: "Good!" },
      ],
    });
    for (const secret of ["Ada", "Maya", "example", session.id, session.coachId, session.clientId])
      expect(JSON.stringify(asked.body)).not.toContain(secret);
  });

  test.each(["guest", "observer"] as const)(
    "is not sent the notes where somebody came as %s, who is told the summary and may not read them",
    async (role) => {
      const app = withModel();
      const notes = "Was ill in June";
      const session = await completed({ said: ["Hi"], notes, others: [role] });
      model.answer((asked, response) => say(response, JSON.stringify(asked.conversation)));
      await summarise(app, session);
      const [asked] = model.asked as [Asked];
      expect(asked.conversation).toMatchObject({ notes: null, messages: [{ from: "coach", text: "Hi" }] });
      expect(JSON.stringify([asked.body, await readyEvents(session)])).not.toContain(notes);
      // With nothing but the notes there is nothing to ask about.
      const silent = await completed({ notes, others: [role] });
      expect(await summarise(app, silent)).toBe("written");
      expect([(await summaryOf(app, silent)).modelText, model.asked.length]).toEqual([null, 1]);
    },
  );

  test("is sent the end of a chat that is too long, and how much came before", async () => {
    const said = Array.from({ length: 620 }, (_, index) => `${index} ${"x".repeat(60)}`);
    await summarise(withModel(), await completed({ said }));
    const [asked] = model.asked as [Asked];
    const { messages, earlierMessages } = asked.conversation;
    expect(Buffer.byteLength(JSON.stringify(messages))).toBeLessThanOrEqual(maxConversationBytes + 2);
    expect(messages.at(-1)?.text).toMatch(/^619 /);
    expect(messages.length + earlierMessages).toBe(620);
  });

  test.each([
    ["", "/v1/chat/completions"],
    ["/", "/v1/chat/completions"],
    ["/v1", "/v1/chat/completions"],
    ["/api/v1/", "/api/v1/chat/completions"],
    ["/x/chat/completions?version=2", "/x/chat/completions?version=2"],
  ])("is reached at an address that ends in %j", async (suffix, path) => {
    await summarise(withModel({ url: model.url + suffix, key: null }), await completed({ said: ["Hi"] }));
    expect(model.asked.map((asked) => asked.path)).toEqual([path]);
    expect(model.asked[0]?.headers.authorization).toBeUndefined();
  });

  test("that writes markup, control characters, thoughts or no end to it gives bounded plain text", async () => {
    const app = withModel();
    const session = await completed({ said: ["Hi"] });
    const written = `<think>secret\nthought</think>\u001b[31m# Title\r\n\r\n<b>x</b>\u202e\u0000 [a](http://b.example)\n${"long ".repeat(2_000)}`;
    model.answer((_, response) => say(response, written));
    await summarise(app, session);
    const { modelText, markdown } = await summaryOf(app, session);
    expect(modelText).toMatch(/^\[31m# Title\n<b>x<\/b> \[a\]\(http:\/\/b\.example\)\nlong long/);
    expect(modelText?.length).toBeLessThanOrEqual(1_500);
    expect(modelText?.endsWith("…")).toBe(true);
    expect(markdown).not.toMatch(/[^\\]<b>|\]\(|^# /m);
  });

  test("is not asked where there is neither chat nor a note", async () => {
    const app = withModel();
    const session = await completed();
    expect(await summarise(app, session)).toBe("written");
    expect([(await summaryOf(app, session)).modelText, model.asked.length]).toEqual([null, 0]);
  });

  test("is not asked where the session's type says so", async () => {
    const app = withModel();
    const session = await completed({ said: ["A secret"], notes: "Another", typeAllows: false });
    expect(await summarise(app, session)).toBe("written");
    expect([(await summaryOf(app, session)).modelText, model.asked.length]).toEqual([null, 0]);
    await summarise(app, await completed({ said: ["Hi"], typeAllows: true }));
    expect(model.asked).toHaveLength(1);
  });
});

describe("without the model's answer the summary is plain sentences, and a warning holds no content:", () => {
  type Failure = [string, Parameters<ModelServer["answer"]>[0], object];

  test.each<Failure>([
    [
      "an error",
      (_, response) => void response.writeHead(500).end("A secret"),
      { reason: "refused", status: 500 },
    ],
    ["garbage", (_, response) => void response.end("A secret {"), { reason: "unreadable" }],
    [
      "JSON of another shape",
      (_, response) => void response.end('{"choices":"A secret"}'),
      { reason: "unreadable" },
    ],
    ["null", (_, response) => void response.end("null"), { reason: "unreadable" }],
    [
      "something that is no text",
      (_, response) => say(response, { a: "A secret" }),
      { reason: "unreadable" },
    ],
    ["an empty answer", (_, response) => say(response, " \n\u0000"), { reason: "empty" }],
    ["a thought and no answer", (_, response) => say(response, "<think>A secret"), { reason: "empty" }],
    ["a huge answer", (_, response) => say(response, "A secret ".repeat(200_000)), { reason: "too_large" }],
    ["a broken connection", (_, response) => void response.destroy(), { reason: "unreachable" }],
    ["no answer in time", () => {}, { reason: "time_out" }],
    [
      "an answer that drips",
      (_, response) => {
        response.write("{");
        const timer = setInterval(() => response.write(" "), 20);
        response.on("close", () => clearInterval(timer));
      },
      { reason: "time_out" },
    ],
  ])("%s", async (_, answer, facts) => {
    model.answer(answer);
    const app = withModel({ timeoutMs: 300 });
    const session = await completed({ said: ["A secret"] });
    expect(await summarise(app, session)).toBe("written");
    const summary = await summaryOf(app, session);
    expect(summary.modelText).toBeNull();
    expect(summary.text).toMatch(/1 message was sent\.$/);
    expect(summary.markdown).not.toContain("model");
    expect(logged).toHaveLength(1);
    expect(JSON.parse(logged[0] ?? "")).toMatchObject({ level: 40, sessionId: session.id, ...facts });
    expect(logged[0]).not.toMatch(/A secret|sk-secret|127\.0\.0\.1/);
  });

  test("a redirect, which is not followed", async () => {
    const elsewhere = await createModelServer();
    try {
      for (const status of [302, 307]) {
        model.answer(
          (_, response) =>
            void response.writeHead(status, { location: `${elsewhere.url}/v1/chat/completions` }).end(),
        );
        const session = await completed({ said: ["A secret"] });
        const app = withModel();
        await summarise(app, session);
        expect((await summaryOf(app, session)).modelText).toBeNull();
      }
      expect([model.asked.length, elsewhere.asked.length]).toEqual([2, 0]);
    } finally {
      await elsewhere.close();
    }
  });

  test("a model that fails three times is left alone for a while, and then asked again", async () => {
    model.answer((_, response) => void response.writeHead(503).end());
    const app = withModel({ restMs: 200 });
    const sessions = await Promise.all(Array.from({ length: 5 }, () => completed({ said: ["Hi"] })));
    for (const session of sessions) expect(await summarise(app, session)).toBe("written");
    expect([model.asked.length, logged.length]).toEqual([3, 3]);
    model.answer((_, response) => say(response, "They spoke."));
    const later = await waitFor(
      async () => {
        const session = await completed({ said: ["Hi"] });
        await summarise(app, session);
        return (await summaryOf(app, session)).modelText;
      },
      { what: "the model to be asked again" },
    );
    expect(later).toBe("They spoke.");
  });
});

describe("a summary with a model", () => {
  test("has nothing of another session's, also of one that is summarised at the same time", async () => {
    const app = withModel();
    const words = Array.from({ length: 6 }, () => crypto.randomUUID());
    const sessions = await Promise.all(
      words.map((word) => completed({ said: [`said ${word}`], notes: `noted ${word}` })),
    );
    // Nobody is answered before all have asked; then each is told all that it said itself.
    const { promise: allAsked, resolve } = Promise.withResolvers<void>();
    model.answer(async (asked, response) => {
      if (model.asked.length === words.length) resolve();
      await allAsked;
      say(response, JSON.stringify(asked.body.messages));
    });
    await Promise.all(sessions.map((session) => summarise(app, session)));
    expect(model.asked).toHaveLength(words.length);
    for (const [index, session] of sessions.entries()) {
      const [event] = await readyEvents(session);
      const told = JSON.stringify([await summaryOf(app, session), event]);
      expect(words.filter((word) => told.includes(word))).toEqual([words[index]]);
    }
  });

  test("is one, with one event, however many run at the same time, and the model is not asked again", async () => {
    const app = withModel();
    const session = await completed({ said: ["Hi"] });
    const runs = await Promise.all(Array.from({ length: 4 }, () => summarise(app, session)));
    expect(runs.toSorted()).toEqual(["there_already", "there_already", "there_already", "written"]);
    const asked = model.asked.length;
    expect(await summarise(app, session)).toBe("there_already");
    expect(model.asked).toHaveLength(asked);
    const entries = await world.db`
      SELECT 1 FROM outbox WHERE type = 'summary.ready' AND payload ->> 'sessionId' = ${session.id}`;
    expect([(await readyEvents(session)).length, entries.length]).toEqual([1, 1]);
  });

  test("holds neither the session nor a transaction while the model thinks", async () => {
    const app = withModel();
    const session = await completed({ said: ["Hi"] });
    let open: unknown;
    model.answer(async (_, response) => {
      await world.db.begin((sql) => sql`SELECT 1 FROM sessions WHERE id = ${session.id} FOR UPDATE NOWAIT`);
      [open] = await world.db`
        SELECT count(*)::int AS count FROM pg_stat_activity
        WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
          AND backend_type = 'client backend'`;
      say(response, "They spoke.");
    });
    await summarise(app, session);
    expect((await summaryOf(app, session)).modelText).toBe("They spoke.");
    expect(open).toEqual({ count: 0 });
  });

  test("tells what the session is, when that was corrected while the model thought", async () => {
    const app = withModel();
    const session = await completed({ said: ["Hi"] });
    model.answer(async (_, response) => {
      if (model.asked.length === 1) await correct(session);
      say(response, `Answer ${model.asked.length}`);
    });
    expect(await summarise(app, session)).toBe("written");
    const summary = await summaryOf(app, session);
    expect(summary).toMatchObject({ outcome: "no_show", modelText: "Answer 2" });
    expect(summary.text).toContain("It counts as a no-show");
    expect(await readyEvents(session)).toHaveLength(1);
  });

  test("goes without the model when the session is corrected again and again", async () => {
    const app = withModel();
    const session = await completed({ said: ["Hi"] });
    model.answer(async (_, response) => {
      await correct(session);
      say(response, "Late");
    });
    expect(await summarise(app, session)).toBe("written");
    expect(await summaryOf(app, session)).toMatchObject({ outcome: "no_show", modelText: null });
    expect(model.asked).toHaveLength(2);
  });
});

const correct = (session: Session) =>
  world.db`UPDATE sessions SET status = 'no_show', absent = 'both', version = version + 1 WHERE id = ${session.id}`;

test("without a model nothing of the chat is read, and the summary is plain sentences", async () => {
  const session = await completed({ said: ["Hi", "Hello", "So"] });
  expect(await summarise(world.app, session)).toBe("written");
  const summary = await summaryOf(world.app, session);
  expect(summary).toMatchObject({
    outcome: "completed",
    absent: [],
    messageCount: 3,
    modelText: null,
    participants: [
      { role: "coach", name: "Ada Okafor", messages: 2, drops: 0 },
      { role: "client", name: "Maya Lind", messages: 1, drops: 0 },
    ],
  });
  expect(summary.text).toContain("It was ended from outside of the room.");
  expect(world.app.summariser.readsConversation).toBe(false);
});
