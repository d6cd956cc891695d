import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { type HubProcess, type Runtime, startHubProcess } from "../support/hub-process.ts";
import { raceForSlots } from "../support/race.ts";

const key = `ck_${"r".repeat(40)}`;
const rounds = 20;

let database: TestDatabase;
let hubs: HubProcess[];

beforeEach(async () => {
  database = await createTestDatabase();
  hubs = [];
});

afterEach(async () => {
  await Promise.all(hubs.map((hub) => hub.stop()));
  await database.drop();
});

const oneWinnerEach = Array.from(
  { length: rounds },
  () =>
    new Map([
      [201, 1],
      [409, 49],
    ]),
);

/** Counts in the database itself, whatever the callers were told. */
const countInDatabase = async (): Promise<{ claims: number; sessions: number; overlaps: number }> => {
  const sql = openDatabase({ url: database.url, poolSize: 1 });
  try {
    const [row] = await sql<[{ claims: number; sessions: number; overlaps: number }]>`
      SELECT (SELECT count(*)::int FROM claims) AS claims,
             (SELECT count(*)::int FROM sessions) AS sessions,
             (SELECT count(*)::int FROM bookings a JOIN bookings b ON a.id < b.id AND a.coach_id = b.coach_id
               WHERE a.starts_at < b.ends_at AND b.starts_at < a.ends_at) AS overlaps`;
    return row;
  } finally {
    await sql.end();
  }
};

describe.each<[string, Runtime[], boolean]>([
  ["one node", ["node"], false],
  ["one node on Deno", ["deno"], false],
  ["two nodes", ["node", "node"], true],
  ["a node on Node and one on Deno", ["node", "deno"], true],
])("on %s", (_, runtimes, withRedis) => {
  test("of 50 callers who race for one slot exactly one gets it, 20 times over", async () => {
    const redis = withRedis
      ? { REDIS_URL: inject("redisUrl"), REDIS_PREFIX: `race-${crypto.randomUUID()}` }
      : {};
    for (const runtime of runtimes) {
      hubs.push(await startHubProcess({ DATABASE_URL: database.url, ADMIN_API_KEY: key, ...redis }, runtime));
    }
    const outcomes = await raceForSlots(
      hubs.map((hub) => hub.url),
      key,
      rounds,
    );
    expect(outcomes).toEqual(oneWinnerEach);
    expect(await countInDatabase()).toEqual({ claims: rounds, sessions: rounds, overlaps: 0 });
  });
});
