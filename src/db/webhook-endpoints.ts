import type { ChangesOf } from "../domain/changes.ts";
import { secretOverlapHours, type WebhookEndpoint, type WebhookEventType } from "../domain/webhook.ts";
import { plainArray, type Sql } from "./client.ts";
import { type PageRequest, beyond, orderBy } from "./page.ts";

/** Everything but the secrets: whatever reads an endpoint to show it cannot show those. */
const endpointColumns = (sql: Sql) => sql`
  id, url, events, description, owner_email, created_by, enabled, failing_since, disabled_reason,
  CASE WHEN previous_secret_until > now() THEN previous_secret_until END AS previous_secret_until,
  version, created_at, updated_at`;

export type NewEndpoint = Pick<WebhookEndpoint, "id" | "url" | "events" | "createdBy"> & {
  description: string | null;
  ownerEmail: string | null;
  secret: string;
};

export const insertEndpoint = async (sql: Sql, endpoint: NewEndpoint): Promise<WebhookEndpoint> => {
  const [row] = await sql<[WebhookEndpoint]>`
    INSERT INTO webhook_endpoints (id, url, events, description, owner_email, created_by, secret)
    VALUES (${endpoint.id}, ${endpoint.url}, ${endpoint.events}, ${endpoint.description}, ${endpoint.ownerEmail},
            ${endpoint.createdBy}, ${endpoint.secret})
    RETURNING ${endpointColumns(sql)}`;
  return row;
};

export const countEndpoints = async (sql: Sql): Promise<number> => {
  const [row] = await sql<[{ count: number }]>`SELECT count(*)::int AS count FROM webhook_endpoints`;
  return row.count;
};

export const findEndpoint = async (sql: Sql, id: string): Promise<WebhookEndpoint | null> => {
  const [row] = await sql<WebhookEndpoint[]>`
    SELECT ${endpointColumns(sql)} FROM webhook_endpoints WHERE id = ${id}`;
  return row ?? null;
};

/** Locks the endpoint's row until the transaction ends, against changes; deliveries may be written meanwhile. */
export const findEndpointForUpdate = async (sql: Sql, id: string): Promise<WebhookEndpoint | null> => {
  const [row] = await sql<WebhookEndpoint[]>`
    SELECT ${endpointColumns(sql)} FROM webhook_endpoints WHERE id = ${id} FOR NO KEY UPDATE`;
  return row ?? null;
};

export const listEndpoints = (sql: Sql, page: PageRequest): Promise<WebhookEndpoint[]> =>
  sql<WebhookEndpoint[]>`
    SELECT ${endpointColumns(sql)} FROM webhook_endpoints WHERE ${beyond(sql, page)}
    ${orderBy(sql, page)} LIMIT ${page.limit + 1}`;

/** What may change of an endpoint; undefined stays. */
export type EndpointChanges = ChangesOf<
  Pick<WebhookEndpoint, "url" | "events" | "description" | "ownerEmail" | "enabled">
>;

/** Writes all that may change. */
export const updateEndpoint = async (sql: Sql, endpoint: WebhookEndpoint): Promise<WebhookEndpoint> => {
  const [row] = await sql<[WebhookEndpoint]>`
    UPDATE webhook_endpoints SET url = ${endpoint.url}, events = ${endpoint.events},
      description = ${endpoint.description}, owner_email = ${endpoint.ownerEmail}, enabled = ${endpoint.enabled},
      failing_since = ${endpoint.failingSince}, disabled_reason = ${endpoint.disabledReason},
      version = version + 1, updated_at = now()
    WHERE id = ${endpoint.id} RETURNING ${endpointColumns(sql)}`;
  return row;
};

/** Puts a new secret in place; the one before signs as well for a while. */
export const updateEndpointSecret = async (
  sql: Sql,
  { id, secret }: { id: string; secret: string },
): Promise<WebhookEndpoint> => {
  const [row] = await sql<[WebhookEndpoint]>`
    UPDATE webhook_endpoints SET secret = ${secret}, previous_secret = secret,
      previous_secret_until = now() + make_interval(hours => ${secretOverlapHours}),
      version = version + 1, updated_at = now()
    WHERE id = ${id} RETURNING ${endpointColumns(sql)}`;
  return row;
};

/** Takes an endpoint away, and its deliveries with it. */
export const deleteEndpoint = async (sql: Sql, id: string): Promise<void> => {
  await sql`DELETE FROM webhook_endpoints WHERE id = ${id}`;
};

/** Who is to be told of which events. */
export type Subscription = { id: string; events: WebhookEventType[] };

/**
 * The endpoints that are enabled and subscribed to any of these types. They cannot be deleted before the transaction
 * ends, so that deliveries may be written for them; whatever else changes of them does not wait.
 */
export const listSubscriptionsForKeyShare = (sql: Sql, types: readonly string[]): Promise<Subscription[]> =>
  sql<Subscription[]>`
    SELECT id, events FROM webhook_endpoints WHERE enabled AND events && ${plainArray(types)}::text[]
    ORDER BY id FOR KEY SHARE`;
