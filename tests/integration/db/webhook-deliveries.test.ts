import { afterAll, beforeAll, expect, test } from "vitest";
import { type Sql, inTransaction } from "../../../src/db/client.ts";
import { listDeliveries } from "../../../src/db/webhook-deliveries.ts";
import type { DeliveryStatus } from "../../../src/domain/webhook.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";

let world: TestApp;
const endpointId = crypto.randomUUID();

beforeAll(async () => {
  world = await createTestApp();
  const { db } = world;
  await db`
    INSERT INTO webhook_endpoints (id, url, events, created_by, secret)
    VALUES (${endpointId}, 'https://example.com/', '{booking.accepted}', 'tests', 'secret')`;
  // A long history, and some of it, the oldest, not done.
  await db`
    WITH entries AS (
      INSERT INTO outbox (id, type, payload, enqueued_at)
      SELECT uuidv7(n * interval '1 second'), 'booking.accepted', '{}', now() FROM generate_series(1, 10000) AS n
      RETURNING id
    )
    INSERT INTO webhook_deliveries (id, endpoint_id, event_id, event_type, status)
    SELECT id, ${endpointId}, id, 'booking.accepted',
      CASE WHEN row_number() OVER (ORDER BY id) <= 100 THEN 'pending'
           WHEN row_number() OVER (ORDER BY id) <= 200 THEN 'failed' ELSE 'delivered' END
    FROM entries`;
  await db`ANALYZE webhook_deliveries`;
});

afterAll(() => world.close());

test.each<DeliveryStatus | null>(["pending", "failed", "delivered", null])(
  "a page of an endpoint's deliveries (%s) reads what it answers, whichever plan Postgres makes",
  async (status) => {
    const page = { limit: 25, after: null, order: "newest" } as const;
    for (const mode of ["force_custom_plan", "force_generic_plan"]) {
      const read = await inTransaction(world.db, async (sql) => {
        await sql`SELECT set_config('plan_cache_mode', ${mode}, true)`;
        const before = await rowsRead(sql);
        expect(await listDeliveries(sql, { endpointId, status }, page)).toHaveLength(26);
        return (await rowsRead(sql)) - before;
      });
      expect([mode, read]).toEqual([mode, 26]);
    }
  },
);

/** Rows of deliveries that this connection has read, of the transaction and some time before. */
const rowsRead = async (sql: Sql): Promise<number> => {
  const [row] = await sql<[{ rows: number }]>`
    SELECT (seq_tup_read + idx_tup_fetch)::int AS rows FROM pg_stat_xact_user_tables
    WHERE relname = 'webhook_deliveries'`;
  return row.rows;
};
