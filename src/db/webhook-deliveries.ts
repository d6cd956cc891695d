import { type DeliveryStatus, type WebhookDelivery, failingDays } from "../domain/webhook.ts";
import { type Fragment, plainArray, type Sql } from "./client.ts";
import { type PageRequest, allOf, beyond, orderBy } from "./page.ts";

const deliveryColumns = (sql: Sql) => sql`
  id, endpoint_id, event_id, event_type, status, attempts, CASE WHEN status = 'pending' THEN due_at END AS due_at,
  last_attempt_at, last_status, last_error, last_duration_ms, delivered_at, created_at`;

export type NewDelivery = { id: string; endpointId: string; eventId: string; eventType: string };

/** Writes deliveries, due now; one that is there for the same endpoint and event stays as it is. */
export const insertDeliveries = async (sql: Sql, deliveries: readonly NewDelivery[]): Promise<void> => {
  await sql`
    INSERT INTO webhook_deliveries (id, endpoint_id, event_id, event_type)
    SELECT id, endpoint_id, event_id, event_type
    FROM unnest(
      ${plainArray(deliveries.map(({ id }) => id))}::uuid[],
      ${plainArray(deliveries.map(({ endpointId }) => endpointId))}::uuid[],
      ${plainArray(deliveries.map(({ eventId }) => eventId))}::uuid[],
      ${plainArray(deliveries.map(({ eventType }) => eventType))}::text[]
    ) AS n (id, endpoint_id, event_id, event_type)
    ON CONFLICT (endpoint_id, event_id) DO NOTHING`;
};

/** Keeps what endpoints are told of entries of the outbox, byte for byte. */
export const updateEntryBodies = async (sql: Sql, bodies: ReadonlyMap<string, string>): Promise<void> => {
  await sql`
    UPDATE outbox SET body = n.body::json
    FROM unnest(${plainArray([...bodies.keys()])}::uuid[], ${[...bodies.values()]}::text[]) AS n (id, body)
    WHERE outbox.id = n.id`;
};

export const findDelivery = async (sql: Sql, id: string): Promise<WebhookDelivery | null> => {
  const [row] = await sql<WebhookDelivery[]>`
    SELECT ${deliveryColumns(sql)} FROM webhook_deliveries WHERE id = ${id}`;
  return row ?? null;
};

export type DeliveryFilter = { endpointId: string; status: DeliveryStatus | null };

/** Written out: a plan for any status, which a prepared statement may get, uses no index of one of them. */
const isStatus = (sql: Sql, status: DeliveryStatus): Fragment => {
  if (status === "pending") return sql`status = 'pending'`;
  return status === "failed" ? sql`status = 'failed'` : sql`status = 'delivered'`;
};

/** An endpoint's deliveries, newest first: reads what it answers, whatever the endpoint's history. */
export const listDeliveries = (
  sql: Sql,
  { endpointId, status }: DeliveryFilter,
  page: PageRequest,
): Promise<WebhookDelivery[]> =>
  sql<WebhookDelivery[]>`
    SELECT ${deliveryColumns(sql)} FROM webhook_deliveries
    WHERE ${allOf(sql, [sql`endpoint_id = ${endpointId}`, ...(status ? [isStatus(sql, status)] : [])])}
      AND ${beyond(sql, page)}
    ${orderBy(sql, page)} LIMIT ${page.limit + 1}`;

/** Begins a delivery anew, whatever became of it: due now, as if it had never been tried. */
export const updateDeliveryReplayed = async (sql: Sql, id: string): Promise<WebhookDelivery | null> => {
  const [row] = await sql<WebhookDelivery[]>`
    UPDATE webhook_deliveries
    SET status = 'pending', attempts = 0, due_at = now(), enqueued_at = NULL, delivered_at = NULL
    WHERE id = ${id} RETURNING ${deliveryColumns(sql)}`;
  return row ?? null;
};

/** What an attempt is made with. */
export type Attempt = {
  deliveryId: string;
  endpointId: string;
  eventId: string;
  requestId: string | null;
  enabled: boolean;
  url: string;
  /** What may sign now, the newest first. */
  secrets: string[];
  /** How many were made before this one. */
  attempts: number;
  body: string | null;
  /** The database's time, since the clocks of nodes differ and receivers refuse a time that is far off. */
  now: Date;
};

/** What a delivery that waits and is due is to be sent with; null for one that has been, or is not due yet. */
export const findAttempt = async (sql: Sql, deliveryId: string): Promise<Attempt | null> => {
  const [row] = await sql<Attempt[]>`
    SELECT d.id AS delivery_id, d.endpoint_id, d.event_id, o.request_id, e.enabled, e.url, d.attempts,
      o.body::text AS body, clock_timestamp() AS now,
      CASE WHEN e.previous_secret_until > now() THEN ARRAY[e.secret, e.previous_secret] ELSE ARRAY[e.secret] END AS secrets
    FROM webhook_deliveries d
    JOIN webhook_endpoints e ON e.id = d.endpoint_id
    JOIN outbox o ON o.id = d.event_id
    WHERE d.id = ${deliveryId} AND d.status = 'pending' AND d.due_at <= now()`;
  return row ?? null;
};

/** Lets a delivery wait until its endpoint is enabled again. */
export const updateDeliveryWaiting = async (sql: Sql, id: string): Promise<void> => {
  await sql`UPDATE webhook_deliveries SET enqueued_at = NULL WHERE id = ${id} AND status = 'pending'`;
};

/** An attempt that was answered with success. */
export type Success = Pick<Attempt, "deliveryId" | "attempts"> & { status: number; durationMs: number };

/**
 * Notes that a delivery was made, and that its endpoint works. That it was made stays true whatever another run of the
 * same attempt noted meanwhile; the attempt is counted once.
 * @returns false, and nothing is written, when it had been noted already
 */
export const updateDeliveryMade = async (sql: Sql, success: Success): Promise<boolean> => {
  const [row] = await sql<[{ made: boolean }]>`
    WITH made AS (
      UPDATE webhook_deliveries SET status = 'delivered', attempts = greatest(attempts, ${success.attempts + 1}::int),
        delivered_at = now(), last_attempt_at = now(), last_status = ${success.status}, last_error = NULL,
        last_duration_ms = ${success.durationMs}
      WHERE id = ${success.deliveryId} AND status = 'pending'
      RETURNING endpoint_id
    ), works AS (
      UPDATE webhook_endpoints SET failing_since = NULL
      WHERE id = (SELECT endpoint_id FROM made) AND failing_since IS NOT NULL
    )
    SELECT EXISTS (SELECT FROM made) AS made`;
  return row.made;
};

/** An attempt that failed. */
export type Failure = Pick<Attempt, "deliveryId" | "attempts" | "url"> & {
  /** What the receiver answered; null when it did not. */
  status: number | null;
  /** Why it failed, in plain words. */
  error: string;
  durationMs: number;
  /** When to try again; null when it has failed for good. */
  retryAfterMs: number | null;
  /** The receiver says that nobody is there any more. */
  gone: boolean;
};

/** An endpoint that was disabled, and its version since. */
export type DisabledEndpoint = {
  id: string;
  version: number;
  disabledReason: string;
  ownerEmail: string | null;
};

/**
 * Notes a failed attempt, once for all runs of it, and what it means for the endpoint: failing from the first failure on,
 * and disabled when it has failed for days or is gone. What was sent to a URL that has been changed since says nothing
 * of the endpoint.
 * @returns whether it was counted, and the endpoint when this attempt was the one that disabled it
 */
export const updateDeliveryMissed = async (
  sql: Sql,
  failure: Failure,
): Promise<{ counted: boolean; disabled: DisabledEndpoint | null }> => {
  const waitSeconds = failure.retryAfterMs === null ? null : failure.retryAfterMs / 1000;
  const tooLong = sql`failing_since <= now() - make_interval(days => ${failingDays})`;
  const gives = sql`(${failure.gone} OR coalesce(${tooLong}, false))`;
  const [row] = await sql<[{ counted: boolean; disabled: DisabledEndpoint | null }]>`
    WITH counted AS (
      UPDATE webhook_deliveries SET attempts = attempts + 1, last_attempt_at = now(), enqueued_at = NULL,
        last_status = ${failure.status}, last_error = ${failure.error}, last_duration_ms = ${failure.durationMs},
        status = ${waitSeconds === null ? "failed" : "pending"},
        due_at = now() + make_interval(secs => ${waitSeconds ?? 0})
      WHERE id = ${failure.deliveryId} AND status = 'pending' AND attempts = ${failure.attempts}
      RETURNING endpoint_id
    ), failing AS (
      UPDATE webhook_endpoints SET failing_since = coalesce(failing_since, now()),
        enabled = NOT ${gives},
        disabled_reason = CASE WHEN ${failure.gone} THEN 'The receiver answered 410 Gone.'
                               WHEN ${gives} THEN ${`Every attempt failed for ${failingDays} days.`} END,
        version = version + CASE WHEN ${gives} THEN 1 ELSE 0 END,
        updated_at = CASE WHEN ${gives} THEN now() ELSE updated_at END
      WHERE id = (SELECT endpoint_id FROM counted) AND enabled AND url = ${failure.url}
        AND (failing_since IS NULL OR ${gives})
      RETURNING id, version, disabled_reason, owner_email, enabled
    )
    SELECT EXISTS (SELECT FROM counted) AS counted, (
      SELECT json_build_object('id', id, 'version', version, 'disabledReason', disabled_reason, 'ownerEmail', owner_email)
      FROM failing WHERE NOT enabled
    ) AS disabled`;
  return row;
};
