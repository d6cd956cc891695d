import { type StoredAvailability, findAvailability } from "../../db/availability.ts";
import { authorise } from "../../domain/access.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { requireCoach } from "../references.ts";

/** What a coach's availability is; `rules` and `overrides` are null where it was never set: then any time is theirs. */
export type ReadAvailability =
  | (StoredAvailability & { coachId: string; timeZone: string })
  | { coachId: string; timeZone: string; rules: null; overrides: null; version: 0 };

/** @throws DomainError `not_found` */
export const readAvailability = async (
  app: App,
  context: RequestContext,
  ref: string,
): Promise<ReadAvailability> => {
  const { id, timeZone } = await requireCoach(app.sql, ref);
  authorise(context.principal, "coach.read", { what: "coach", owners: { coachId: id } });
  const stored = await findAvailability(app.sql, id);
  return stored
    ? { coachId: id, timeZone, ...stored }
    : { coachId: id, timeZone, rules: null, overrides: null, version: 0 };
};
