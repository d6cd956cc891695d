import {
  findSessionType,
  findSessionTypeForUpdate,
  replaceOffers,
  updateSessionType as updateSessionTypeRow,
} from "../../db/session-types.ts";
import { authorise } from "../../domain/access.ts";
import { type ChangesOf, changed } from "../../domain/changes.ts";
import { notFound } from "../../domain/errors.ts";
import type { SessionType } from "../../domain/session-type.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { assertVersion, transact } from "../transaction.ts";
import { type SessionTypeInput, resolveOffers, slugTaken } from "./create.ts";

export type UpdateSessionTypeInput = { id: string; changes: ChangesOf<SessionTypeInput> };

/**
 * Changes what is given of a session type. What is booked stays as it was booked.
 * @throws DomainError `not_found`, `forbidden`, `already_exists` (field `slug`), `version_mismatch`
 */
export const updateSessionType = async (
  app: App,
  context: RequestContext,
  { id, changes }: UpdateSessionTypeInput,
): Promise<SessionType> => {
  authorise(context.principal, "type.manage", { what: "session type", owners: {} });
  try {
    return await transact(app, context, async ({ sql }) => {
      const before = await findSessionTypeForUpdate(sql, id);
      if (!before) throw notFound("session type");
      assertVersion(context, before.version);
      const after = changed<SessionType>(before, changes);
      await updateSessionTypeRow(sql, id, after);
      if (changes.coachIds || changes.poolIds) await replaceOffers(sql, id, await resolveOffers(sql, after));
      return (await findSessionType(sql, id)) ?? after;
    });
  } catch (error) {
    throw slugTaken(error) ?? error;
  }
};
