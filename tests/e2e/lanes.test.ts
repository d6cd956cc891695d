import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/db/client.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";
import { randomOf } from "../support/random.ts";
import { type TestRedis, startRedis } from "../support/redis.ts";

const key = `ck_${"l".repeat(40)}`;
const rounds = 50;
const callers = 20;

let database: TestDatabase;
let sql: Database;
let hubs: HubProcess[];
let redis: TestRedis | null;

beforeEach(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.url, poolSize: 2 });
  hubs = [];
  redis = null;
});

afterEach(async () => {
  await Promise.all(hubs.map((hub) => hub.stop()));
  await redis?.stop();
  await sql.end();
  await database.drop();
});

type Answer = { status: number; body: Record<string, unknown> };

const send = async (url: string, method: string, path: string, body?: unknown): Promise<Answer> => {
  const response = await fetch(`${url}/v1${path}`, {
    method,
    headers: { "x-api-key": key, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
};

/** What the callers of one coach do to one another, over and over. */
const createRound = async (random: () => number) => {
  const pick = <T>(all: readonly T[]): T | undefined => all[Math.floor(random() * all.length)];
  const first = hubs[0]?.url ?? "";
  const make = async (path: string, body: unknown): Promise<string> => {
    const { status, body: made } = await send(first, "POST", path, body);
    expect(status).toBe(201);
    return String(made["id"]);
  };
  const coachId = await make("/coaches", { name: "Ada", timeZone: "Europe/Berlin" });
  const other = await make("/coaches", { name: "Bruno", timeZone: "Europe/Berlin" });
  const poolId = await make("/pools", { name: "Both", members: [{ coachId }, { coachId: other }] });
  const sessionTypeId = await make("/session-types", {
    slug: "asked",
    name: "Asked",
    coachIds: [coachId],
    durationMinutes: 45,
    bufferAfterMinutes: 15,
    requiresApproval: true,
  });
  const clients = await Promise.all(
    Array.from({ length: 6 }, (_, n) => make("/clients", { name: `Client ${n}`, timeZone: "Europe/Paris" })),
  );
  const bookings: string[] = [];
  const holds: string[] = [];
  // A day of quarters of an hour, so that everybody is in everybody's way.
  const startsAt = (): string =>
    new Date(Date.UTC(2030, 0, 7, 0, Math.floor(random() * 96) * 15)).toISOString();

  const act = async (): Promise<Answer> => {
    const url = pick(hubs)?.url ?? first;
    const clientId = pick(clients);
    const at = { startsAt: startsAt() };
    const target = random() < 0.2 ? { poolId } : { coachId };
    const booking = pick(bookings);
    const dice = random();
    if (dice < 0.3 || !booking) {
      const typed =
        random() < 0.4 && "coachId" in target
          ? { sessionTypeId }
          : { durationMinutes: 15 + 15 * Math.floor(random() * 5) };
      const answer = await send(url, "POST", "/bookings", { ...target, clientId, ...at, ...typed });
      const made = answer.body["booking"] as { id: string } | undefined;
      if (answer.status === 201 && made) bookings.push(made.id);
      return answer;
    }
    if (dice < 0.42) {
      const answer = await send(url, "POST", "/holds", { ...target, ...at, durationMinutes: 30 });
      if (answer.status === 201) holds.push(String(answer.body["id"]));
      return answer;
    }
    const hold = pick(holds);
    if (dice < 0.54 && hold) {
      const answer = await send(url, "POST", "/bookings", { holdId: hold, clientId });
      const made = answer.body["booking"] as { id: string } | undefined;
      if (answer.status === 201 && made) bookings.push(made.id);
      return answer;
    }
    if (dice < 0.58 && hold) return send(url, "DELETE", `/holds/${hold}`);
    if (dice < 0.76) return send(url, "POST", `/bookings/${booking}/reschedule`, at);
    if (dice < 0.88) return send(url, "POST", `/bookings/${booking}/cancel`, {});
    return send(url, "POST", `/bookings/${booking}/${random() < 0.8 ? "accept" : "decline"}`, {});
  };
  return (): Promise<Answer[]> => Promise.all(Array.from({ length: callers }, act));
};

/** What must be true of the database, whatever the callers were told. */
const flaws = async (): Promise<Record<string, number>> => {
  const [row] = await sql<[Record<string, number>]>`
    SELECT
      (SELECT count(*)::int FROM claims a JOIN claims b ON a.coach_id = b.coach_id AND a.id < b.id AND a.period && b.period)
        AS "claims that overlap",
      (SELECT count(*)::int FROM bookings a JOIN bookings b ON a.coach_id = b.coach_id AND a.id < b.id
         AND a.status IN ('pending', 'accepted') AND b.status IN ('pending', 'accepted')
         AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at) AS "bookings that overlap",
      (SELECT count(*)::int FROM bookings b LEFT JOIN claims k ON k.id = b.claim_id
         WHERE b.status IN ('pending', 'accepted') AND (k.id IS NULL OR k.starts_at <> b.starts_at OR NOT k.period @> tstzrange(b.starts_at, b.ends_at)))
        AS "bookings without their time",
      (SELECT count(*)::int FROM claims k WHERE NOT EXISTS (SELECT FROM bookings WHERE claim_id = k.id)
         AND NOT EXISTS (SELECT FROM holds WHERE claim_id = k.id)) AS "claims of nobody",
      (SELECT count(*)::int FROM sessions s JOIN bookings b ON b.id = s.booking_id
         WHERE s.starts_at <> b.starts_at OR s.ends_at <> b.ends_at OR (s.status = 'cancelled') <> (b.status = 'cancelled'))
        AS "sessions unlike their booking",
      (SELECT count(*)::int FROM bookings b WHERE b.status = 'accepted' AND NOT EXISTS (SELECT FROM sessions WHERE booking_id = b.id))
        AS "accepted bookings without a session",
      (SELECT count(*)::int FROM sessions s
         WHERE s.last_seq <> (SELECT count(*) FROM session_events e WHERE e.session_id = s.id)
            OR s.last_seq <> (SELECT max(seq) FROM session_events e WHERE e.session_id = s.id)) AS "logs with gaps",
      (SELECT coalesce(sum(credit), 0)::int FROM pool_members) AS "credits that are not somebody else's debt"`;
  return row;
};

const deadlocks = async (): Promise<number> => {
  const [row] = await sql<[{ deadlocks: number }]>`
    SELECT deadlocks::int AS deadlocks FROM pg_stat_database WHERE datname = current_database()`;
  return row.deadlocks;
};

describe.each([
  ["one node", 1],
  ["three nodes, with Redis stopped and started empty on the way", 3],
])("on %s", (_, nodes) => {
  test(`${rounds} rounds of everything at once leave no overlap, no deadlock and no fault`, {
    timeout: 180_000,
  }, async () => {
    const seed = Number(process.env["RACE_SEED"] ?? Math.floor(Math.random() * 1e9));
    const faults: Answer[] = [];
    let shared: Record<string, string> = {};
    if (nodes > 1) {
      redis = await startRedis();
      shared = { REDIS_URL: redis.url, REDIS_PREFIX: `lanes-${crypto.randomUUID()}` };
    }
    for (let node = 0; node < nodes; node++)
      hubs.push(
        await startHubProcess({
          DATABASE_URL: database.url,
          ADMIN_API_KEY: key,
          LOG_LEVEL: "warn",
          ...shared,
        }),
      );
    const round = await createRound(randomOf(seed));
    const statuses = new Map<number, number>();
    for (let n = 0; n < rounds; n++) {
      if (redis && n === Math.floor(rounds / 3)) await redis.stop();
      if (redis && n === Math.floor((rounds * 2) / 3))
        redis = await startRedis({ port: Number(new URL(redis.url).port) });
      for (const { status, body } of await round()) {
        if (status >= 500) faults.push({ status, body });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    }
    const wrong = Object.fromEntries(Object.entries(await flaws()).filter(([, count]) => count !== 0));
    // With its seed, so that a run that failed can be had again.
    expect({ seed, faults, wrong, deadlocks: await deadlocks() }).toEqual({
      seed,
      faults: [],
      wrong: {},
      deadlocks: 0,
    });
    expect(hubs.map((hub) => hub.output()).join("\n")).not.toContain("is tried once more");
    // What is asked for must be possible often enough for the rest to mean something.
    expect(statuses.get(201) ?? 0).toBeGreaterThan(rounds);
    expect(statuses.get(409) ?? 0).toBeGreaterThan(rounds);
  });
});
