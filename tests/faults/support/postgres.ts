import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, openDatabase } from "../../../src/db/client.ts";
import { startEmbeddedPostgres } from "../../../src/db/embedded.ts";
import { migrateUp } from "../../../src/db/migrate.ts";
import { type TcpProxy, createTcpProxy } from "../../support/tcp-proxy.ts";
import { waitFor } from "../../support/wait.ts";

/** A Postgres that keeps its promises (fsync on), reached through a proxy, so that it may come back elsewhere. */
export type FaultyPostgres = {
  /** A new migrated database. The same URL leads to it after a restart. */
  createDatabase(): Promise<string>;
  /** How many transactions wait for their client to go on, and have done so for a second. */
  countAbandoned(): Promise<number>;
  /** Ends the server as a crash would: nobody is told, nothing is flushed. Whoever asks is refused. */
  crash(): Promise<void>;
  /** Starts it again on the same data. */
  restart(): Promise<void>;
  close(): Promise<void>;
};

export const startFaultyPostgres = async (): Promise<FaultyPostgres> => {
  const dataDir = await mkdtemp(join(tmpdir(), "courtside-faults-"));
  const start = () => startEmbeddedPostgres({ dataDir, settings: { max_connections: "200" } });
  let server = await start();
  const proxy = await createTcpProxy(server.url);
  const template = `courtside_template_${randomUUID().replaceAll("-", "")}`;
  await prepareTemplate(server.url, template);
  return {
    createDatabase: async () => {
      const name = `courtside_${randomUUID().replaceAll("-", "")}`;
      await using admin = openPool(server.url);
      await admin.sql.unsafe(`CREATE DATABASE ${name} TEMPLATE ${template}`);
      return throughProxy(server.url, { proxy, name });
    },
    countAbandoned: async () => {
      await using admin = openPool(server.url);
      const [row] = await admin.sql<[{ count: number }]>`
        SELECT count(*)::int AS count FROM pg_stat_activity
        WHERE state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - interval '1 second'`;
      return row.count;
    },
    crash: async () => {
      const pidFile = join(dataDir, "postgres/postmaster.pid");
      const pid = Number((await readFile(pidFile, "utf8")).split("\n")[0]);
      // Its immediate shutdown; the next start recovers from the log.
      process.kill(pid, "SIGQUIT");
      await waitFor(() => hasEnded(pid), { what: "Postgres to be gone" });
      await server.stop();
      proxy.refuse(true);
      proxy.cut();
    },
    restart: async () => {
      server = await start();
      proxy.redirect(server.url);
      proxy.refuse(false);
    },
    close: async () => {
      await proxy.close();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

const throughProxy = (url: string, { proxy, name }: { proxy: TcpProxy; name: string }): string => {
  const through = new URL(url);
  through.port = String(proxy.port);
  through.pathname = `/${name}`;
  return through.href;
};

const prepareTemplate = async (url: string, name: string): Promise<void> => {
  await using admin = openPool(url);
  await admin.sql.unsafe(`CREATE DATABASE ${name}`);
  const template = new URL(url);
  template.pathname = `/${name}`;
  await using migrated = openPool(template.href);
  await migrateUp(migrated.sql);
};

const openPool = (url: string): AsyncDisposable & { sql: Database } => {
  const sql = openDatabase({ url, poolSize: 1 });
  return { sql, [Symbol.asyncDispose]: () => sql.end() };
};

const hasEnded = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};
