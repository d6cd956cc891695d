import { findAvailabilityForUpdate, upsertAvailability } from "../../db/availability.ts";
import { lockNames } from "../../db/locks.ts";
import { authorise } from "../../domain/access.ts";
import { type Availability, assertAvailability } from "../../domain/availability.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { laneOfCoach } from "../lanes/job.ts";
import { requireCoach } from "../references.ts";
import { assertVersion, transact } from "../transaction.ts";
import type { ReadAvailability } from "./read.ts";

/**
 * Sets when a coach works, in place of what was set before. What is booked stays booked. It waits for the coach's lane,
 * so that no booking is decided by rules that have just been replaced.
 * @throws DomainError `not_found`, `forbidden`, `invalid_request`, `version_mismatch`
 */
export const setAvailability = async (
  app: App,
  context: RequestContext,
  { coach: ref, ...availability }: Availability & { coach: string },
): Promise<ReadAvailability> => {
  const { id, timeZone } = await requireCoach(app.sql, ref);
  authorise(context.principal, "coach.schedule", { what: "coach", owners: { coachId: id } });
  assertAvailability(availability);
  return transact(app, context, async ({ sql }) => {
    await lockNames(sql, [laneOfCoach(id)]);
    const before = await findAvailabilityForUpdate(sql, id);
    assertVersion(context, before?.version ?? 0);
    return { coachId: id, timeZone, ...(await upsertAvailability(sql, id, availability)) };
  });
};
