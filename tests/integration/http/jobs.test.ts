import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { prune } from "../../../src/usecases/prune.ts";
import { relayOutbox } from "../../../src/usecases/outbox/relay.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { type Served, serve } from "../../support/serve.ts";

const metricsToken = "a-token-for-prometheus-and-nobody-else";

let world: TestApp;
let served: Served;

beforeEach(async () => {
  world = await createTestApp({ METRICS_TOKEN: metricsToken });
  served = await serve(world);
});

afterEach(async () => {
  await served.close();
  await world.close();
});

const basic = (password: string) => ({ authorization: `Basic ${btoa(`anyone:${password}`)}` });

/** A job that failed for good so many days ago. */
const failJob = (id: string, daysAgo = 0) => world.db`
  INSERT INTO jobs (id, name, payload, due_at, attempts, failed_at, last_error)
  VALUES (${id}, 'notify', '{"bookingId": "b"}', now(), 11, now() - make_interval(days => ${daysAgo}), 'no such host')`;

describe("jobs that failed for good", () => {
  test("are listed to an admin, page by page", async () => {
    for (const id of ["job-a", "job-b", "job-c"]) await failJob(id);
    await world.db`INSERT INTO jobs (id, name, payload, due_at) VALUES ('waits', 'notify', '{}', now())`;
    const first = await served.send("GET", "/v1/jobs/failed?limit=2", { as: world.keys.admin });
    expect(first).toMatchObject({
      status: 200,
      body: { data: [{ id: "job-c", attempts: 11, lastError: "no such host" }, { id: "job-b" }] },
    });
    const cursor = String(first.body["nextCursor"]);
    const second = await served.send("GET", `/v1/jobs/failed?limit=2&cursor=${cursor}`, {
      as: world.keys.admin,
    });
    expect(second.body).toMatchObject({ data: [{ id: "job-a" }], nextCursor: null });
  });

  test("begin anew when an admin replays them, once", async () => {
    await failJob("job-a");
    const replay = () => served.send("POST", "/v1/jobs/job-a/replay", { as: world.keys.admin });
    expect(await replay()).toMatchObject({ status: 202, body: { id: "job-a", attempts: 0, failedAt: null } });
    expect(await replay()).toMatchObject({ status: 409, body: { code: "invalid_state" } });
    const unknown = await served.send("POST", "/v1/jobs/nothing/replay", { as: world.keys.admin });
    expect(unknown).toMatchObject({ status: 404, body: { code: "not_found" } });
  });

  test("are nobody's but an admin's", async () => {
    await failJob("job-a");
    const coach = await world.makeCoach();
    const token = await world.userToken("coach", coach.id);
    for (const as of [world.keys.read, world.keys.bookings, token]) {
      expect((await served.send("GET", "/v1/jobs/failed", { as })).status).toBe(403);
      expect((await served.send("POST", "/v1/jobs/job-a/replay", { as })).status).toBe(403);
    }
    expect((await served.send("GET", "/v1/jobs/failed")).status).toBe(401);
  });

  test("and entries that were relayed go once they are old; what waits stays", async () => {
    await failJob("young", 29);
    await failJob("old", 31);
    await world.makeBooking({ coach: await world.makeCoach(), client: await world.makeClient() });
    await world.makeBooking({ coach: await world.makeCoach(), client: await world.makeClient() });
    await world.db`
      UPDATE outbox SET enqueued_at = now() WHERE id = (SELECT min(id::text)::uuid FROM outbox)`;
    await world.db`UPDATE outbox SET created_at = now() - interval '31 days'`;
    await world.db`
      INSERT INTO idempotency_records (caller, route, key, fingerprint, status, body, created_at)
      VALUES ('a', 'b', 'old', '', 200, '{}', now() - interval '25 hours'), ('a', 'b', 'young', '', 200, '{}', now())`;
    expect(await prune(world.app)).toBe(3);
    const left = await world.db`
      SELECT (SELECT string_agg(id, ' ') FROM jobs) AS jobs, (SELECT count(*)::int FROM outbox WHERE enqueued_at IS NULL) AS entries,
        (SELECT string_agg(key, ' ') FROM idempotency_records) AS keys`;
    expect(left[0]).toEqual({ jobs: "young", entries: 1, keys: "young" });
  });
});

describe("/metrics", () => {
  const read = (as?: string) => served.send("GET", "/metrics", as === undefined ? {} : { as });

  test("tells how far behind the outbox is, and what has failed", async () => {
    await failJob("job-a");
    await world.makeBooking({ coach: await world.makeCoach(), client: await world.makeClient() });
    await world.db`UPDATE outbox SET created_at = now() - interval '90 seconds'`;
    const { text, headers } = await read(metricsToken);
    expect(headers.get("content-type")).toContain("text/plain");
    expect(text).toContain("courtside_jobs_failed 1");
    expect(Number(/^courtside_outbox_lag_seconds (\S+)$/m.exec(text)?.[1])).toBeGreaterThan(89);
    await relayOutbox(world.app, () => []);
    expect((await read(metricsToken)).text).toContain("courtside_outbox_lag_seconds 0");
  });

  test("tells what it counts while the database is away, and that it is", async () => {
    world.app.metrics.jobEnded("notify", "done", 0.1);
    await world.db.end({ timeout: 1 });
    const { status, text } = await read(metricsToken);
    expect(status).toBe(200);
    expect(text).toContain("courtside_database_up 0");
    expect(text).toContain('courtside_jobs_total{job="notify",outcome="done"} 1');
  });

  test("tells of a job that the queue has and nobody does", async () => {
    await world.db`
      INSERT INTO jobs (id, name, payload, due_at, enqueued_at) VALUES ('stuck', 'notify', '{}', now() - interval '90 seconds', now())`;
    const { text } = await read(metricsToken);
    expect(Number(/^courtside_job_lag_seconds (\S+)$/m.exec(text)?.[1])).toBeGreaterThan(89);
  });

  test("answers an admin's key and the token of its own, and nobody else", async () => {
    expect((await read(world.keys.admin)).status).toBe(200);
    expect((await read(metricsToken)).status).toBe(200);
    expect((await read(world.keys.read)).status).toBe(403);
    expect((await read(`${metricsToken}!`)).status).toBe(401);
    expect((await read()).status).toBe(401);
  });
});

describe("the queue monitor", () => {
  const open = (headers: Record<string, string> = {}, path = "/admin/queues", method = "GET") =>
    served.send(method, path, { headers });

  test("shows its page, its files and the queues to an admin's browser, and asks one who has not said who they are", async () => {
    const asked = await open();
    expect(asked.status).toBe(401);
    expect(asked.headers.get("www-authenticate")).toContain("Basic");
    const page = await open(basic(world.keys.admin));
    expect(page.status).toBe(200);
    expect(page.text).toContain("Courtside queues");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'self'");
    const script = /static\/js\/[^"]+\.js/.exec(page.text)?.[0];
    expect((await open(basic(world.keys.admin), `/admin/queues/${script}`)).status).toBe(200);
    const queues = await open(basic(world.keys.admin), "/admin/queues/api/queues");
    expect(queues.body).toMatchObject({
      queues: [{ name: "jobs" }, { name: "mail" }, { name: "calendars" }, { name: "webhooks" }],
    });
  });

  test("is nobody's but an admin's", async () => {
    expect((await open(basic(world.keys.bookings))).status).toBe(403);
    expect((await open(basic("ck_nothing"))).status).toBe(401);
    expect((await open({ authorization: "Basic %%%" })).status).toBe(401);
    expect((await open({}, "/admin/queues/api/queues")).status).toBe(401);
  });

  test("is to look at: it changes nothing, whoever asks", async () => {
    const pause = await open(basic(world.keys.admin), "/admin/queues/api/queues/jobs/pause", "PUT");
    expect(pause.status).toBe(404);
    const { body } = await open(basic(world.keys.admin), "/admin/queues/api/queues");
    expect(body).toMatchObject({ queues: [{ readOnlyMode: true, isPaused: false }, {}, {}, {}] });
  });
});
