import { authorise } from "../../domain/access.ts";
import type { Coach } from "../../domain/coach.ts";
import { notFound } from "../../domain/errors.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { requireCoach } from "../references.ts";

/** What anybody who is signed in as a client may know of an active coach. */
export type PublicCoach = Pick<Coach, "id" | "name" | "timeZone">;

/**
 * A coach: whole for admins, keys and the coach; a client sees the public fields of an active one.
 * @throws DomainError `not_found`
 */
export const readCoach = async (
  app: App,
  context: RequestContext,
  ref: string,
): Promise<Coach | PublicCoach> => {
  const { principal } = context;
  const coach = await requireCoach(app.sql, ref);
  if (principal.kind === "user" && principal.role === "client") {
    if (!coach.active) throw notFound("coach");
    return publicFields(coach);
  }
  authorise(principal, "coach.read", { what: "coach", owners: { coachId: coach.id } });
  return coach;
};

export const publicFields = ({ id, name, timeZone }: Coach): PublicCoach => ({ id, name, timeZone });
