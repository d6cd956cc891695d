import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { openDatabase } from "../../src/db/client.ts";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { migrateUp } from "../../src/db/migrate.ts";
import { startRedis } from "./redis.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The server's URL, with the database that every test file clones. */
    templateUrl: string;
    redisUrl: string;
  }
}

type Server = { url: string; stop(): Promise<void> };

/** One Postgres with a migrated template database, and one Redis, for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres();
  const redis = await startRedis();
  const template = new URL(postgres.url);
  template.pathname = `/courtside_template_${randomUUID().replaceAll("-", "")}`;
  const admin = openDatabase({ url: postgres.url, poolSize: 1 });
  await admin.unsafe(`CREATE DATABASE ${template.pathname.slice(1)}`);
  const migrated = openDatabase({ url: template.href, poolSize: 1 });
  await migrateUp(migrated);
  // A template is cloned only while nobody is connected to it.
  await migrated.end();
  project.provide("templateUrl", template.href);
  project.provide("redisUrl", redis.url);
  return async () => {
    await admin.unsafe(`DROP DATABASE IF EXISTS ${template.pathname.slice(1)} WITH (FORCE)`);
    await admin.end();
    await redis.stop();
    await postgres.stop();
  };
}

/** `TEST_DATABASE_URL`, or a server of the run's own, which may lose everything in a crash and is faster for it. */
const startPostgres = async (): Promise<Server> => {
  const given = process.env["TEST_DATABASE_URL"];
  if (given) return { url: given, stop: async () => {} };
  const dataDir = await mkdtemp(join(tmpdir(), "courtside-test-"));
  const server = await startEmbeddedPostgres({
    dataDir,
    settings: { fsync: "off", full_page_writes: "off", max_connections: "300" },
  });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};
