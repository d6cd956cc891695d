import { listCoaches as listCoachRows } from "../../db/coaches.ts";
import type { Coach } from "../../domain/coach.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { type Page, type PageInput, fetchPage } from "../paging.ts";
import { type PublicCoach, publicFields } from "./read.ts";

/** The coaches whom the caller may see: all for admins and keys, themselves for a coach, the active ones for a client. */
export const listCoaches = async (
  app: App,
  { principal }: RequestContext,
  input: PageInput,
): Promise<Page<Coach | PublicCoach>> => {
  const role = principal.kind === "user" ? principal.role : null;
  const filter = {
    id: role === "coach" && principal.kind === "user" ? principal.id : null,
    activeOnly: role === "client",
  };
  const page = await fetchPage(input, (request) => listCoachRows(app.sql, filter, request));
  return role === "client" ? { ...page, data: page.data.map(publicFields) } : page;
};
