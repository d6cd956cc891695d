import { authorise } from "../../domain/access.ts";
import type { Client } from "../../domain/client.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { requireClient } from "../references.ts";

/**
 * A client, for admins, keys and the client.
 * @throws DomainError `not_found`
 */
export const readClient = async (app: App, context: RequestContext, ref: string): Promise<Client> => {
  const client = await requireClient(app.sql, ref);
  authorise(context.principal, "client.read", { what: "client", owners: { clientId: client.id } });
  return client;
};
