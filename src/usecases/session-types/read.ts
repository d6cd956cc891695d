import { findSessionType, listSessionTypes as listSessionTypeRows } from "../../db/session-types.ts";
import { notFound } from "../../domain/errors.ts";
import type { Principal } from "../../domain/principal.ts";
import type { SessionType } from "../../domain/session-type.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { type Page, type PageInput, fetchPage } from "../paging.ts";

/** What whoever books may know of a type: not how the coach keeps their time, nor where the session is held. */
export type PublicSessionType = Pick<SessionType, (typeof publicFieldNames)[number]>;

const publicFieldNames = [
  "id",
  "slug",
  "name",
  "coachIds",
  "poolIds",
  "durationMinutes",
  "minimumNoticeMinutes",
  "bookingWindowDays",
  "requiresApproval",
  "requiresAdmission",
  "allowsModelSummary",
  "stepMinutes",
  "cancelCutoffMinutes",
  "rescheduleCutoffMinutes",
] as const satisfies readonly (keyof SessionType)[];

const publicFields = (type: SessionType): PublicSessionType =>
  Object.fromEntries(publicFieldNames.map((name) => [name, type[name]])) as PublicSessionType;

const seesAll = (principal: Principal): boolean =>
  principal.kind === "key" || (principal.kind === "user" && principal.role !== "client");

/**
 * A session type: whole for all but clients, who see its public fields.
 * @throws DomainError `not_found`
 */
export const readSessionType = async (
  app: App,
  { principal }: RequestContext,
  id: string,
): Promise<SessionType | PublicSessionType> => {
  const type = await findSessionType(app.sql, id);
  if (!type) throw notFound("session type");
  return seesAll(principal) ? type : publicFields(type);
};

/** Every session type, as {@link readSessionType} shows it. */
export const listSessionTypes = async (
  app: App,
  { principal }: RequestContext,
  input: PageInput,
): Promise<Page<SessionType | PublicSessionType>> => {
  const page = await fetchPage(input, (request) => listSessionTypeRows(app.sql, request));
  return seesAll(principal) ? page : { ...page, data: page.data.map(publicFields) };
};
