import { afterEach, beforeEach, expect, test } from "vitest";
import { type Database, inTransaction, openDatabase } from "../../../src/db/client.ts";
import { type TestDatabase, createTestDatabase } from "../../support/database.ts";
import { waitFor } from "../../support/wait.ts";

let database: TestDatabase;
let sql: Database;
let outside: Database;

beforeEach(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.url, poolSize: 4, applicationName: "inside" });
  outside = openDatabase({ url: database.url, poolSize: 1 });
});

afterEach(async () => {
  await sql.end({ timeout: 1 });
  await outside.end();
  await database.drop();
});

const endAll = () =>
  outside`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'inside'`;

/** How many transactions have written something and wait for the test to let them go on. */
const waiting = async (): Promise<number> => {
  const [row] = await outside<[{ count: number }]>`
    SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'inside' AND wait_event_type = 'Lock'`;
  return row.count;
};

test("transactions outlive their connections being ended: each fails or holds, and the next ones hold", {
  timeout: 40_000,
}, async () => {
  await outside`CREATE TABLE numbers (n integer)`;
  const write = (n: number) =>
    inTransaction(sql, async (own) => {
      await own`INSERT INTO numbers VALUES (${n})`;
      await own`SELECT pg_advisory_xact_lock_shared(1)`;
      await own`INSERT INTO numbers VALUES (${n})`;
      return n;
    });
  const said: number[] = [];
  let failed = 0;
  for (let round = 0; round < 2; round++) {
    // A connection that is ended while the driver still asks it for types loses its caller: not what is tested here.
    await Promise.all(Array.from({ length: 4 }, () => sql`SELECT count(*) FROM generate_series(1, 50000)`));
    await outside`SELECT pg_advisory_lock(1)`;
    const all = Promise.allSettled(Array.from({ length: 12 }, (_, n) => write(round * 12 + n)));
    await waitFor(async () => (await waiting()) > 0, { what: "a transaction that is in the middle" });
    await endAll();
    await outside`SELECT pg_advisory_unlock(1)`;
    for (const one of await all) {
      if (one.status === "fulfilled") said.push(one.value);
      else failed += 1;
    }
  }
  expect(failed).toBeGreaterThan(0);
  await waitFor(
    () =>
      write(1_000).then(
        () => true,
        () => false,
      ),
    { what: "a transaction that holds" },
  );
  const rows = await outside<
    { n: number; count: number }[]
  >`SELECT n, count(*)::int AS count FROM numbers GROUP BY n`;
  expect(rows.every(({ count }) => count === 2)).toBe(true);
  expect(said.filter((n) => !rows.some((row) => row.n === n))).toEqual([]);
});

test("a transaction in which something failed does not pretend to have been committed", async () => {
  const careless = inTransaction(sql, async (own) => {
    await own`SELECT 1 / 0`.catch(() => {});
  });
  await expect(careless).rejects.toThrow("failed before its commit");
  expect(await inTransaction(sql, async () => "next")).toBe("next");
});
