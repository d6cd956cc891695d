import { type Config, SetupError } from "../config.ts";
import { type Database, openDatabase } from "./client.ts";
import { EmbeddedPostgresError, findRunningEmbeddedPostgres, startEmbeddedPostgres } from "./embedded.ts";
import { migrateUp, migrationStatus } from "./migrate.ts";

/** A database that answered. */
export type OpenedDatabase = {
  sql: Database;
  url: string;
  /** True when the hub brought it along. */
  embedded: boolean;
  close(): Promise<void>;
};

type DatabaseConfig = Pick<Config, "databaseUrl" | "databasePoolSize" | "dataDir">;

/**
 * Opens the database that the settings name, or the embedded one, which it starts.
 * @param onProgress told what takes its time, in words for a terminal
 * @throws SetupError when it cannot be reached, or is another hub's
 */
export const openOwnDatabase = async (
  config: DatabaseConfig,
  onProgress: (message: string) => void,
): Promise<OpenedDatabase> => {
  if (config.databaseUrl) return connect(config, config.databaseUrl);
  const server = await startEmbedded(config, onProgress);
  try {
    const opened = await connect(config, server.url);
    return {
      ...opened,
      embedded: true,
      close: async () => {
        await opened.close();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
};

/**
 * Opens the database for a command that works beside a hub: the embedded one of a running hub is shared, and
 * started for as long as the command takes when no hub runs.
 * @throws SetupError as {@link openOwnDatabase} does
 */
export const openSharedDatabase = async (config: DatabaseConfig): Promise<OpenedDatabase> => {
  const running = config.databaseUrl ? undefined : await findRunningEmbeddedPostgres(config.dataDir);
  return running === undefined ? openOwnDatabase(config, () => {}) : connect(config, running);
};

/**
 * Migrates the schema, or with `MIGRATE=off` refuses to go on with an old one.
 * @returns the migrations that were applied
 */
export const prepareSchema = async (sql: Database, migrate: Config["migrate"]): Promise<string[]> => {
  if (migrate === "auto") return migrateUp(sql);
  const pending = (await migrationStatus(sql)).filter((step) => step.appliedAt === null);
  if (pending.length === 0) return [];
  const names = pending.map((step) => step.name).join(", ");
  throw new SetupError([`The schema lacks ${names}. Run "npm run migrate -- up", or set MIGRATE=auto.`]);
};

const startEmbedded = async (config: DatabaseConfig, onProgress: (message: string) => void) => {
  try {
    return await startEmbeddedPostgres({ dataDir: config.dataDir, onProgress });
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw new SetupError([error.message], { cause: error });
    throw error;
  }
};

const connect = async (config: DatabaseConfig, url: string): Promise<OpenedDatabase> => {
  const sql = openDatabase({ url, poolSize: config.databasePoolSize });
  try {
    await sql`SELECT 1`;
  } catch (error) {
    await sql.end({ timeout: 1 });
    throw new SetupError([explain(url, error)], { cause: error });
  }
  return { sql, url, embedded: false, close: () => sql.end({ timeout: 5 }) };
};

/** Says what is wrong without the password that the URL may hold. */
const explain = (url: string, error: unknown): string => {
  const { hostname, port, pathname, username } = new URL(url);
  const at = `${hostname}:${port || "5432"}`;
  const code = (error as { code?: unknown }).code;
  if (code === "28P01" || code === "28000") {
    return `DATABASE_URL: the database at ${at} refuses the user "${username}" or the password.`;
  }
  if (code === "3D000") return `DATABASE_URL: the server at ${at} has no database "${pathname.slice(1)}".`;
  return `DATABASE_URL: the database at ${at} cannot be reached (${String(code ?? error)}).`;
};
