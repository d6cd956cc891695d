import { randomUUID } from "node:crypto";
import { inject } from "vitest";
import { openDatabase } from "../../src/db/client.ts";

export type TestDatabase = { url: string; drop(): Promise<void> };

/** A database of the caller's own, cloned from the migrated template. */
export const createTestDatabase = async (): Promise<TestDatabase> => {
  const template = new URL(inject("templateUrl"));
  const name = `courtside_${randomUUID().replaceAll("-", "")}`;
  await onServer((sql) => sql.unsafe(`CREATE DATABASE ${name} TEMPLATE ${template.pathname.slice(1)}`));
  const url = new URL(template);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: async () => {
      await onServer((sql) => sql.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
};

const onServer = async (work: (sql: ReturnType<typeof openDatabase>) => Promise<unknown>): Promise<void> => {
  const server = new URL(inject("templateUrl"));
  server.pathname = "/postgres";
  const sql = openDatabase({ url: server.href, poolSize: 1 });
  try {
    await work(sql);
  } finally {
    await sql.end();
  }
};
