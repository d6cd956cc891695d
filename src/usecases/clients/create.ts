import { violatedUnique } from "../../db/client.ts";
import { insertClient } from "../../db/clients.ts";
import { requireCreator } from "../../domain/access.ts";
import type { Client, NewClient } from "../../domain/client.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { externalIdTaken } from "../coaches/create.ts";
import { transact } from "../transaction.ts";

export type CreateClientInput = Omit<NewClient, "id">;

/**
 * Makes a client. Admins and keys of scope `bookings`.
 * @throws DomainError `already_exists` (field `externalId`), `forbidden`
 */
export const createClient = async (
  app: App,
  context: RequestContext,
  input: CreateClientInput,
): Promise<Client> => {
  requireCreator(context.principal, "client.create");
  try {
    return await transact(app, context, ({ sql }) => insertClient(sql, { ...input, id: app.newId() }));
  } catch (error) {
    throw violatedUnique(error) === "clients_external_id_key" ? externalIdTaken("client", error) : error;
  }
};
