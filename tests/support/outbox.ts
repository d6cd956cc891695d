import { inTransaction } from "../../src/db/client.ts";
import { announceEntries } from "../../src/usecases/webhooks/announce.ts";
import type { ToldEntry } from "../../src/usecases/webhooks/bodies.ts";
import type { TestApp } from "./app.ts";

/** Relays what is new in the outbox to the endpoints, and nothing else; returns how many deliveries were written. */
export const announceNew = ({ app }: Pick<TestApp, "app">): Promise<number> =>
  inTransaction(app.sql, async (sql) => {
    const entries = await sql<ToldEntry[]>`
      UPDATE outbox SET enqueued_at = now() WHERE enqueued_at IS NULL
      RETURNING id, type, payload, request_id, idempotency_key, created_at`;
    return announceEntries(app, sql, entries);
  });
