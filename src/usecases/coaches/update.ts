import { violatedUnique } from "../../db/client.ts";
import { type CoachChanges, findCoachForUpdate, updateCoach as updateCoachRow } from "../../db/coaches.ts";
import { authorise } from "../../domain/access.ts";
import { changed } from "../../domain/changes.ts";
import type { Coach } from "../../domain/coach.ts";
import { forbidden, notFound } from "../../domain/errors.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { planRemindersOf } from "../mail/reminders.ts";
import { requireCoach } from "../references.ts";
import { assertVersion, transact } from "../transaction.ts";
import { externalIdTaken } from "./create.ts";

/** What a coach may change of themselves; the rest is the house's to say. */
const ownFields: readonly string[] = [
  "name",
  "email",
  "timeZone",
  "dailyLimit",
] satisfies (keyof CoachChanges)[];

/**
 * Changes what is given of a coach. One who is no longer active keeps what is booked and takes nothing new. With
 * a mail address where there was none, their upcoming sessions get reminders.
 * @throws DomainError `not_found`, `forbidden`, `already_exists` (field `externalId`), `version_mismatch`
 */
export const updateCoach = async (
  app: App,
  context: RequestContext,
  { ref, changes }: { ref: string; changes: CoachChanges },
): Promise<Coach> => {
  const { id } = await requireCoach(app.sql, ref);
  const standing = authorise(context.principal, "coach.update", { what: "coach", owners: { coachId: id } });
  const foreign = Object.keys(changes).find((field) => !ownFields.includes(field));
  if (standing === "coach" && foreign !== undefined)
    throw forbidden(`A coach may not change their own ${foreign}.`);
  try {
    return await transact(app, context, async (transaction) => {
      const { sql } = transaction;
      const coach = await findCoachForUpdate(sql, id);
      if (!coach) throw notFound("coach");
      assertVersion(context, coach.version);
      const updated = await updateCoachRow(sql, changed<Coach>(coach, changes));
      await planRemindersOf(transaction, "coach", { before: coach, after: updated });
      return updated;
    });
  } catch (error) {
    throw violatedUnique(error) === "coaches_external_id_key" ? externalIdTaken("coach", error) : error;
  }
};
