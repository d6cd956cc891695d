import type { Client } from "../domain/client.ts";
import type { Sql } from "./client.ts";
import { type PageRequest, beyond, orderBy } from "./page.ts";

export type NewClient = Pick<Client, "id" | "name" | "timeZone"> & {
  email?: string | undefined;
  externalId?: string | undefined;
};

/** Fails with unique violation `clients_external_id_key` when the external id is another client's. */
export const insertClient = async (sql: Sql, client: NewClient): Promise<Client> => {
  const [row] = await sql<[Client]>`
    INSERT INTO clients (id, name, time_zone, email, external_id)
    VALUES (${client.id}, ${client.name}, ${client.timeZone}, ${client.email ?? null}, ${client.externalId ?? null})
    RETURNING *`;
  return row;
};

export const findClient = async (sql: Sql, id: string): Promise<Client | null> => {
  const [row] = await sql<Client[]>`SELECT * FROM clients WHERE id = ${id}`;
  return row ?? null;
};

export const findClientByExternalId = async (sql: Sql, externalId: string): Promise<Client | null> => {
  const [row] = await sql<Client[]>`SELECT * FROM clients WHERE external_id = ${externalId}`;
  return row ?? null;
};

/** The oldest client with this address, whatever its case. */
export const findClientByEmail = async (sql: Sql, email: string): Promise<Client | null> => {
  const [row] = await sql<Client[]>`
    SELECT * FROM clients WHERE lower(email) = lower(${email}) ORDER BY id LIMIT 1`;
  return row ?? null;
};

export type ClientFilter = { id: string | null };

export const listClients = (sql: Sql, filter: ClientFilter, page: PageRequest): Promise<Client[]> =>
  sql<Client[]>`
    SELECT * FROM clients
    WHERE ${beyond(sql, page)}
      ${filter.id ? sql`AND id = ${filter.id}` : sql``}
    ${orderBy(sql, page)} LIMIT ${page.limit + 1}`;
