import type { ChangesOf } from "../domain/changes.ts";
import type { Client, NewClient } from "../domain/client.ts";
import { type Fragment, plainArray, type Sql } from "./client.ts";
import { type PageRequest, beyond, orderBy } from "./page.ts";

/** Fails with unique violation `clients_external_id_key` when the external id is another client's. */
export const insertClient = async (sql: Sql, client: NewClient): Promise<Client> => {
  const [row] = await sql<[Client]>`
    INSERT INTO clients (id, name, time_zone, email, external_id)
    VALUES (${client.id}, ${client.name}, ${client.timeZone}, ${client.email ?? null}, ${client.externalId ?? null})
    RETURNING *`;
  return row;
};

/** Writes clients. Fails as {@link insertClient} does. */
export const insertClients = (sql: Sql, clients: readonly NewClient[]): Fragment => sql`
    INSERT INTO clients (id, name, time_zone, email, external_id)
    SELECT * FROM unnest(
      ${plainArray(clients.map(({ id }) => id))}::uuid[], ${clients.map(({ name }) => name)}::text[],
      ${clients.map(({ timeZone }) => timeZone)}::text[], ${clients.map(({ email }) => email ?? null)}::text[],
      ${clients.map(({ externalId }) => externalId ?? null)}::text[])`;

export const findClient = async (sql: Sql, id: string): Promise<Client | null> => {
  const [row] = await sql<Client[]>`SELECT * FROM clients WHERE id = ${id}`;
  return row ?? null;
};

export const findClientByExternalId = async (sql: Sql, externalId: string): Promise<Client | null> => {
  const [row] = await sql<Client[]>`SELECT * FROM clients WHERE external_id = ${externalId}`;
  return row ?? null;
};

/** What may change of a client; undefined stays. */
export type ClientChanges = ChangesOf<Pick<Client, "name" | "email" | "externalId" | "timeZone">>;

/** Locks the client's row until the transaction ends. */
export const findClientForUpdate = async (sql: Sql, id: string): Promise<Client | null> => {
  const [row] = await sql<Client[]>`SELECT * FROM clients WHERE id = ${id} FOR UPDATE`;
  return row ?? null;
};

/** Writes all that may change. Fails with unique violation `clients_external_id_key` as an insert does. */
export const updateClient = async (sql: Sql, client: Client): Promise<Client> => {
  const [row] = await sql<[Client]>`
    UPDATE clients SET name = ${client.name}, email = ${client.email}, external_id = ${client.externalId},
      time_zone = ${client.timeZone}, version = version + 1, updated_at = now()
    WHERE id = ${client.id} RETURNING *`;
  return row;
};

/** Who may be meant: clients by id, by external id, by mail whatever its case. */
export type ClientRefs = {
  ids: readonly string[];
  externalIds: readonly string[];
  emails: readonly string[];
};

export const listClientsByRefs = (
  sql: Sql,
  { ids, externalIds, emails }: ClientRefs,
): Promise<Client[]> => sql<Client[]>`
    SELECT * FROM clients WHERE id = ANY(${plainArray(ids)}::uuid[])
    ${externalIds.length > 0 ? sql`UNION SELECT * FROM clients WHERE external_id = ANY(${[...externalIds]}::text[])` : sql``}
    ${emails.length > 0 ? sql`UNION SELECT * FROM clients WHERE lower(email) = ANY(${emails.map((email) => email.toLowerCase())}::text[])` : sql``}`;

export type ClientFilter = { id: string | null };

export const listClients = (sql: Sql, filter: ClientFilter, page: PageRequest): Promise<Client[]> =>
  sql<Client[]>`
    SELECT * FROM clients
    WHERE ${beyond(sql, page)}
      ${filter.id ? sql`AND id = ${filter.id}` : sql``}
    ${orderBy(sql, page)} LIMIT ${page.limit + 1}`;
