import { listClients as listClientRows } from "../../db/clients.ts";
import type { Client } from "../../domain/client.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { type Page, type PageInput, fetchPage } from "../paging.ts";

/** The clients whom the caller may see: all for admins and keys, themselves for a client, none for a coach. */
export const listClients = async (
  app: App,
  { principal }: RequestContext,
  input: PageInput,
): Promise<Page<Client>> => {
  if (principal.kind === "user" && principal.role === "coach") return { data: [], nextCursor: null };
  const id = principal.kind === "user" && principal.role === "client" ? principal.id : null;
  return fetchPage(input, (request) => listClientRows(app.sql, { id }, request));
};
