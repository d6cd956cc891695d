import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { type FeedServer, startFeedServer } from "../../support/feed-server.ts";
import { calendar, event } from "../../support/feeds.ts";
import { type Served, serve } from "../../support/serve.ts";
import { waitFor } from "../../support/wait.ts";

let world: TestApp;
let hub: Served;
let elsewhere: FeedServer;

beforeAll(async () => {
  world = await createTestApp({ ALLOW_PRIVATE_TARGETS: "true" });
  hub = await serve(world, { jobs: true });
  elsewhere = await startFeedServer();
});

afterAll(async () => {
  await elsewhere.close();
  await hub.close();
  await world.close();
});

test("a calendar is read as soon as it is subscribed to, when somebody asks, and when it is due", async () => {
  const coach = await world.makeCoach();
  const as = await world.userToken("coach", coach.id);
  elsewhere.answer(calendar(event("DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=DAILY")));
  const path = `/v1/coaches/${coach.id}/calendars`;
  const { body } = await hub.send("POST", path, { as, body: { url: `${elsewhere.url}/feed.ics` } });
  const one = `${path}/${body["id"] as string}`;
  const read = async () => (await hub.send("GET", one, { as })).body;
  const first = await waitFor(async () => (await read())["syncedAt"], { what: "the first reading" });
  expect((await read())["busyPeriodCount"]).toBeGreaterThan(360);

  expect((await hub.send("POST", `${one}/sync`, { as })).status).toBe(202);
  const second = await waitFor(
    async () => {
      const { syncedAt } = await read();
      return syncedAt !== first && syncedAt;
    },
    { what: "the reading that was asked for" },
  );

  await world.db`UPDATE calendars SET next_sync_at = now()`;
  await waitFor(async () => (await read())["syncedAt"] !== second, {
    timeoutMs: 15_000,
    what: "the reading that was due",
  });
  await waitFor(async () => (await world.db`SELECT FROM jobs`).length === 0, { what: "the jobs to be done" });
});
