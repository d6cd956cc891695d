import { afterEach, beforeEach, expect, test } from "vitest";
import { insertVisits, updateVisitsLeft } from "../../../src/db/attendance.ts";
import { migrateDown, migrateUp, migrationStatus } from "../../../src/db/migrate.ts";
import { insertEvents } from "../../../src/db/session-events.ts";
import { findSummary } from "../../../src/db/summaries.ts";
import { endSession } from "../../../src/usecases/sessions/end.ts";
import { startSession } from "../../../src/usecases/sessions/start.ts";
import { summariseSession } from "../../../src/usecases/sessions/summarise.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";

let world: TestApp;

beforeEach(async () => {
  world = await createTestApp();
});

afterEach(async () => {
  await world.close();
});

const admin = {
  principal: { kind: "key", id: crypto.randomUUID(), name: "tests", scope: "admin" },
  requestId: "t",
} as const;

/** What summaries had before markdown was kept. */
const earlierFacts = ["durationMinutes", "scheduledMinutes", "startedLateMinutes", "messageCount"];
const earlierOfPerson = [
  "participantId",
  "name",
  "role",
  "minutesPresent",
  "visits",
  "firstJoinedAt",
  "lastLeftAt",
];

test("summaries from before markdown are completed from what they were written from", async () => {
  const coach = await world.makeCoach({ name: "Ada *O*" });
  const client = await world.makeClient();
  const { session } = await world.makeBooking({ coach, client });
  const sessionId = session.id;
  await world.db`
    UPDATE sessions SET starts_at = now() - interval '40 minutes', ends_at = now() - interval '10 minutes' WHERE id = ${sessionId}`;
  await startSession(world.app, admin, { id: sessionId });
  const ago = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);
  const sit = async (who: "coach" | "client", from: number, until: number, reason: "lost" | "left") => {
    const participantId = who === "coach" ? coach.id : client.id;
    const visit = { id: crypto.randomUUID(), sessionId, participantId, role: who, name: `${who} *x*` };
    await insertVisits(world.db, [{ ...visit, joinedAt: ago(from) }]);
    await updateVisitsLeft(world.db, { sessionId, participantId, leftAt: ago(until), reason });
  };
  await sit("coach", 35, 20, "lost");
  await sit("coach", 15, 5, "left");
  await sit("client", 30, 10, "left");
  const data = { messageId: crypto.randomUUID(), participantId: client.id, name: "x", text: "Hi" };
  await insertEvents(world.db, {
    sessionId,
    requestId: null,
    events: [
      { id: crypto.randomUUID(), type: "message:posted", actor: { type: "client", id: client.id }, data },
    ],
  });
  await endSession(world.app, admin, { id: sessionId });
  await summariseSession(world.app, { sessionId, requestId: "t" });
  const written = await findSummary(world.db, sessionId);

  const since = (await migrationStatus(world.db)).filter(({ version }) => version >= 7);
  await migrateDown(world.db, since.length);
  await world.db`
    UPDATE summaries SET text = 'Ada *O* was there.', facts = (
      SELECT jsonb_object_agg(key, value) FROM jsonb_each(facts) WHERE key = ANY(${earlierFacts})
    ) || jsonb_build_object('participants', (
      SELECT jsonb_agg((SELECT jsonb_object_agg(key, value) FROM jsonb_each(p) WHERE key = ANY(${earlierOfPerson})))
      FROM jsonb_array_elements(facts -> 'participants') AS p))`;
  await migrateUp(world.db);

  expect(written).toMatchObject({ togetherMinutes: 15, absent: [], attendeeCount: 2 });
  expect(await findSummary(world.db, sessionId)).toEqual({
    ...written,
    text: "Ada *O* was there.",
    markdown: "## Session summary\n\nAda \\*O\\* was there\\.",
  });
});
