import { type Fragment, type Sql, plainArray } from "./client.ts";

/** A delivery as the relay hands it out. */
export type DueDelivery = { id: string; dueAt: Date; attempts: number };

/** How many deliveries to one endpoint are under way at a time, and how many while it fails. */
const inFlight = 8;
const inFlightFailing = 1;

/**
 * Locks deliveries whose time has come, the longest due first, of each endpoint no more than may be under way: one that
 * hangs holds up its own, and takes the workers from nobody.
 */
export const listDueDeliveriesForUpdate = (sql: Sql, limit: number): Promise<DueDelivery[]> =>
  sql<DueDelivery[]>`
    SELECT d.id, d.due_at, d.attempts FROM webhook_endpoints e, LATERAL (
      SELECT id, due_at, attempts FROM webhook_deliveries
      WHERE endpoint_id = e.id AND status = 'pending' AND enqueued_at IS NULL AND due_at <= now()
      ORDER BY due_at
      LIMIT greatest(0, CASE WHEN e.failing_since IS NULL THEN ${inFlight}::int ELSE ${inFlightFailing}::int END - (
        SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = e.id AND status = 'pending' AND enqueued_at IS NOT NULL))
      FOR UPDATE SKIP LOCKED
    ) AS d
    WHERE e.enabled LIMIT ${limit}`;

/** Locks the deliveries that were put into the queue longer ago than that and came to nothing. */
export const listOverdueDeliveriesForUpdate = (
  sql: Sql,
  { limit, overdueMs }: { limit: number; overdueMs: number },
): Promise<DueDelivery[]> =>
  sql<DueDelivery[]>`
    SELECT d.id, d.due_at, d.attempts FROM webhook_endpoints e, LATERAL (
      SELECT id, due_at, attempts FROM webhook_deliveries
      WHERE endpoint_id = e.id AND status = 'pending' AND enqueued_at < now() - make_interval(secs => ${overdueMs / 1000})
      FOR UPDATE SKIP LOCKED
    ) AS d LIMIT ${limit}`;

export const updateDeliveriesEnqueued = (sql: Sql, ids: readonly string[]): Fragment =>
  sql`UPDATE webhook_deliveries SET enqueued_at = now() WHERE id = ANY(${plainArray(ids)}::uuid[])`;

/**
 * Writes that workers ended over a delivery, which says nothing of its endpoint.
 * @param waitMs how long until the next attempt; null for none: it has failed for good
 */
export const updateDeliveryGivenUp = async (
  sql: Sql,
  { id, attempts }: DueDelivery,
  waitMs: number | null,
): Promise<void> => {
  await sql`
    UPDATE webhook_deliveries SET attempts = attempts + 1, enqueued_at = NULL, last_status = NULL,
      last_error = 'The hub could not make the attempt.', status = ${waitMs === null ? "failed" : "pending"},
      due_at = now() + make_interval(secs => ${(waitMs ?? 0) / 1000})
    WHERE id = ${id} AND attempts = ${attempts} AND status = 'pending'`;
};
