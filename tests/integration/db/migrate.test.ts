import { afterAll, beforeAll, expect, test } from "vitest";
import { type Database, openDatabase } from "../../../src/db/client.ts";
import { migrateDown, migrateUp, migrationStatus } from "../../../src/db/migrate.ts";
import { type TestDatabase, createTestDatabase } from "../../support/database.ts";

let database: TestDatabase;
let sql: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = openDatabase({ url: database.url, poolSize: 6 });
});

afterAll(async () => {
  await sql.end();
  await database.drop();
});

const tables = async (): Promise<string[]> => {
  const rows = await sql<{ name: string }[]>`
    SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations' ORDER BY 1`;
  return rows.map(({ name }) => name);
};

test("every migration can be taken back and applied again, and leaves nothing behind", async () => {
  const before = await tables();
  const count = (await migrationStatus(sql)).length;
  expect(await migrateDown(sql, count)).toHaveLength(count);
  expect(await tables()).toEqual([]);
  expect((await migrationStatus(sql)).every(({ appliedAt }) => appliedAt === null)).toBe(true);
  expect(await migrateUp(sql)).toHaveLength(count);
  expect(await tables()).toEqual(before);
});

test("nodes that start together apply each migration once", async () => {
  const count = (await migrationStatus(sql)).length;
  await migrateDown(sql, count);
  const applied = await Promise.all(Array.from({ length: 5 }, () => migrateUp(sql)));
  expect(applied.flat()).toHaveLength(count);
});

test("two claims of one coach never overlap, whoever writes them; neighbours and other coaches may", async () => {
  const coaches = [crypto.randomUUID(), crypto.randomUUID()];
  for (const id of coaches) await sql`INSERT INTO coaches (id, name, time_zone) VALUES (${id}, 'A', 'UTC')`;
  const claim = (coach: string | undefined, from: string, to: string) => sql`
    INSERT INTO claims (id, coach_id, period, kind)
    VALUES (${crypto.randomUUID()}, ${coach ?? ""}, tstzrange(${from}::timestamptz, ${to}::timestamptz), 'block')`;
  await claim(coaches[0], "2030-01-01T10:00Z", "2030-01-01T11:00Z");
  await claim(coaches[0], "2030-01-01T11:00Z", "2030-01-01T12:00Z");
  await claim(coaches[1], "2030-01-01T10:00Z", "2030-01-01T11:00Z");
  await expect(claim(coaches[0], "2030-01-01T10:59Z", "2030-01-01T11:01Z")).rejects.toMatchObject({
    code: "23P01",
    constraint_name: "claims_never_overlap",
  });
  await expect(claim(coaches[0], "2030-01-01T13:00Z", "2030-01-01T13:00Z")).rejects.toMatchObject({
    code: "23514",
  });
});
