import { violatedUnique } from "../../db/client.ts";
import { insertCoach, type NewCoach } from "../../db/coaches.ts";
import { requireCreator } from "../../domain/access.ts";
import type { Coach } from "../../domain/coach.ts";
import { DomainError } from "../../domain/errors.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { transact } from "../transaction.ts";

export type CreateCoachInput = Omit<NewCoach, "id">;

/**
 * Makes a coach. Admins only.
 * @throws DomainError `already_exists` (field `externalId`), `forbidden`
 */
export const createCoach = async (
  app: App,
  context: RequestContext,
  input: CreateCoachInput,
): Promise<Coach> => {
  requireCreator(context.principal, "coach.create");
  try {
    return await transact(app, context, ({ sql }) => insertCoach(sql, { ...input, id: app.newId() }));
  } catch (error) {
    throw violatedUnique(error) === "coaches_external_id_key" ? externalIdTaken("coach", error) : error;
  }
};

export const externalIdTaken = (what: string, cause: unknown): DomainError =>
  new DomainError("conflict", "already_exists", `There is a ${what} with this externalId.`, {
    facts: { field: "externalId" },
    cause,
  });
