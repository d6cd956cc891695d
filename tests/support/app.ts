import { v7 as uuidv7 } from "uuid";
import { assembleApp } from "../../src/assemble.ts";
import { readConfig } from "../../src/config.ts";
import type { Coordination } from "../../src/coordination/open.ts";
import { type Database, openDatabase } from "../../src/db/client.ts";
import type { NewCoach } from "../../src/db/coaches.ts";
import type { Client, NewClient } from "../../src/domain/client.ts";
import type { Coach } from "../../src/domain/coach.ts";
import type { KeyScope } from "../../src/domain/principal.ts";
import type { Session } from "../../src/domain/session.ts";
import { createLogger } from "../../src/log.ts";
import { createApiKey } from "../../src/usecases/access/api-keys.ts";
import type { App } from "../../src/usecases/app.ts";
import type { RequestContext } from "../../src/usecases/context.ts";
import { type BookResult, bookSession } from "../../src/usecases/bookings/book.ts";
import { createClient } from "../../src/usecases/clients/create.ts";
import { createCoach } from "../../src/usecases/coaches/create.ts";
import type { LaneJob } from "../../src/usecases/lanes/job.ts";
import type { RoomJob } from "../../src/usecases/rooms/job.ts";
import { createTestDatabase } from "./database.ts";

/** The use cases' world on a database of its own, and makers of what tests need in it. */
export type TestApp = {
  app: App;
  db: Database;
  databaseUrl: string;
  /** Carries passing events between nodes; null on a hub of one. */
  adapter: Coordination<LaneJob, RoomJob>["adapter"];
  keys: Record<KeyScope, string>;
  makeCoach(input?: Partial<Omit<NewCoach, "id">>): Promise<Coach>;
  makeClient(input?: Partial<Omit<NewClient, "id">>): Promise<Client>;
  /** Books a session that starts in so many minutes and lasts half an hour. */
  makeBooking(input: {
    coach: Coach;
    client: Client;
    inMinutes?: number;
    sessionTypeId?: string;
  }): Promise<BookResult & { session: Session }>;
  userToken(role: "coach" | "client" | "admin", id: string, expiresInSeconds?: number): Promise<string>;
  close(): Promise<void>;
};

let made = 0;

/** With `beside`, another node of a hub: on the same database, which stays the first one's to drop. */
export const createTestApp = async (env: Record<string, string> = {}, beside?: TestApp): Promise<TestApp> => {
  const database = beside ? { url: beside.databaseUrl, drop: async () => {} } : await createTestDatabase();
  const config = readConfig({ LOG_LEVEL: "silent", DATABASE_URL: database.url, ...env });
  const db = openDatabase({ url: database.url, poolSize: config.databasePoolSize });
  const publicUrl = () => config.publicUrl ?? "http://127.0.0.1:3000";
  const log = createLogger(config, false);
  const { app, coordination, close } = await assembleApp({ config, sql: db, log, newId: uuidv7, publicUrl });
  const admin: RequestContext = {
    principal: { kind: "key", id: uuidv7(), name: "tests", scope: "admin" },
    requestId: "tests",
  };
  const keyOf = async (scope: KeyScope): Promise<string> =>
    (await createApiKey(app, { name: scope, scope })).key;
  return {
    app,
    db,
    databaseUrl: database.url,
    adapter: coordination.adapter,
    keys: { read: await keyOf("read"), bookings: await keyOf("bookings"), admin: await keyOf("admin") },
    makeCoach: (input = {}) =>
      createCoach(app, admin, { name: `Coach ${++made}`, timeZone: "Europe/Berlin", ...input }),
    makeClient: (input = {}) =>
      createClient(app, admin, { name: `Client ${++made}`, timeZone: "Europe/Paris", ...input }),
    makeBooking: async ({ coach, client, inMinutes = 10, sessionTypeId }) => {
      const startsAt = new Date(Date.now() + inMinutes * 60_000);
      const term = sessionTypeId === undefined ? { durationMinutes: 30 } : { sessionTypeId };
      const input = { coachId: coach.id, clientId: client.id, startsAt, ...term };
      const result = await bookSession(app, admin, input);
      if (!result.session) throw new Error("a booking that is accepted has a session");
      return { ...result, session: result.session };
    },
    userToken: async (role, id, expiresInSeconds = 600) => {
      if (!app.tokens.signUser) throw new Error("tokens come from elsewhere");
      return app.tokens.signUser({ role }, id, new Date(Date.now() + expiresInSeconds * 1000));
    },
    close: async () => {
      await close();
      await db.end({ timeout: 2 });
      await database.drop();
    },
  };
};
