import type { Backlog } from "../metrics.ts";
import type { Sql } from "./client.ts";

/** What waits and what has failed for good: reads the indexes of what is not done, whatever the history. */
export const findBacklog = async (sql: Sql): Promise<Backlog> => {
  const age = (at: ReturnType<Sql>) =>
    sql`coalesce(greatest(0, extract(epoch FROM now() - (${at}))), 0)::float`;
  const [row] = await sql<[Backlog]>`
    SELECT
      ${age(sql`SELECT created_at FROM outbox WHERE enqueued_at IS NULL ORDER BY id LIMIT 1`)} AS outbox_lag_seconds,
      ${age(sql`SELECT least(
        (SELECT min(due_at) FROM jobs WHERE enqueued_at IS NULL AND failed_at IS NULL),
        (SELECT min(due_at) FROM jobs WHERE enqueued_at IS NOT NULL AND failed_at IS NULL))`)} AS job_lag_seconds,
      ${age(sql`SELECT min(d.due_at) FROM webhook_endpoints e, LATERAL (
        (SELECT due_at FROM webhook_deliveries
         WHERE endpoint_id = e.id AND status = 'pending' AND enqueued_at IS NULL ORDER BY due_at LIMIT 1)
        UNION ALL
        (SELECT min(due_at) FROM webhook_deliveries
         WHERE endpoint_id = e.id AND status = 'pending' AND enqueued_at IS NOT NULL)) AS d
        WHERE e.enabled`)} AS delivery_lag_seconds,
      (SELECT count(*)::int FROM jobs WHERE failed_at IS NOT NULL) AS jobs_failed,
      (SELECT count(*)::int FROM webhook_deliveries WHERE status = 'failed') AS deliveries_failed`;
  return row;
};
