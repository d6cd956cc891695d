import { readFileSync, readdirSync } from "node:fs";
import type { Database, Sql } from "./client.ts";

/** One step of the schema, from `migrations/<version>_<name>.{up,down}.sql`. */
type Migration = { version: number; name: string; up: string; down: string };

export type MigrationStatus = { version: number; name: string; appliedAt: Date | null };

const folder = new URL("./migrations/", import.meta.url);

/** Any constant does, as long as every version of Courtside uses the same. */
const migrationLock = 7_120_250;

const readMigrations = (): Migration[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".up.sql"))
    .sort()
    .map((file) => {
      const match = /^(\d{4})_(.+)\.up\.sql$/.exec(file);
      if (!match?.[1] || !match[2]) throw new Error(`the migration ${file} is not named 0001_name.up.sql`);
      return {
        version: Number(match[1]),
        name: match[2],
        up: readFileSync(new URL(file, folder), "utf8"),
        down: readFileSync(new URL(file.replace(".up.sql", ".down.sql"), folder), "utf8"),
      };
    });

/**
 * Brings the schema up to date. Nodes that start together wait for one another; each migration is a transaction
 * of its own with its row in `schema_migrations`.
 * @returns the names of the migrations that were applied, in order
 */
export const migrateUp = (database: Database): Promise<string[]> =>
  underLock(database, async (sql) => {
    const applied = await appliedVersions(sql);
    const done: string[] = [];
    for (const migration of readMigrations()) {
      if (applied.has(migration.version)) continue;
      await inTransaction(sql, async () => {
        await sql.unsafe(migration.up);
        await sql`INSERT INTO schema_migrations (version, name) VALUES (${migration.version}, ${migration.name})`;
      });
      done.push(migration.name);
    }
    return done;
  });

/**
 * Takes the newest `steps` migrations back.
 * @returns the names of the migrations that were taken back, newest first
 */
export const migrateDown = (database: Database, steps: number): Promise<string[]> =>
  underLock(database, async (sql) => {
    const applied = await appliedVersions(sql);
    const present = readMigrations().filter((migration) => applied.has(migration.version));
    const done: string[] = [];
    for (const migration of present.reverse().slice(0, steps)) {
      await inTransaction(sql, async () => {
        await sql.unsafe(migration.down);
        await sql`DELETE FROM schema_migrations WHERE version = ${migration.version}`;
      });
      done.push(migration.name);
    }
    return done;
  });

/** Every known migration, and since when it has been applied. Changes nothing. */
export const migrationStatus = async (sql: Sql): Promise<MigrationStatus[]> => {
  const [table] = await sql<{ exists: boolean }[]>`
    SELECT to_regclass('schema_migrations') IS NOT NULL AS exists`;
  const applied = table?.exists ? await appliedVersions(sql) : new Map<number, Date>();
  return readMigrations().map(({ version, name }) => ({
    version,
    name,
    appliedAt: applied.get(version) ?? null,
  }));
};

const appliedVersions = async (sql: Sql): Promise<Map<number, Date>> => {
  const rows = await sql<{ version: number; appliedAt: Date }[]>`
    SELECT version, applied_at FROM schema_migrations`;
  return new Map(rows.map((row) => [row.version, row.appliedAt]));
};

/** The lock belongs to one connection, so that it ends with it: a migrator that is killed leaves nothing locked. */
const underLock = async <T>(database: Database, work: (sql: Sql) => Promise<T>): Promise<T> => {
  const sql = await database.reserve();
  try {
    await sql`SET statement_timeout = 0`;
    await sql`SET lock_timeout = 0`;
    await sql`SELECT pg_advisory_lock(${migrationLock})`;
    try {
      await sql`
        CREATE TABLE IF NOT EXISTS schema_migrations (
          version integer PRIMARY KEY,
          name text NOT NULL,
          applied_at timestamptz NOT NULL DEFAULT now()
        )`;
      return await work(sql);
    } finally {
      await sql`SELECT pg_advisory_unlock(${migrationLock})`;
      await sql`RESET statement_timeout`;
      await sql`RESET lock_timeout`;
    }
  } finally {
    sql.release();
  }
};

const inTransaction = async (sql: Sql, work: () => Promise<void>): Promise<void> => {
  await sql`BEGIN`;
  try {
    await work();
    await sql`COMMIT`;
  } catch (error) {
    await sql`ROLLBACK`;
    throw error;
  }
};
