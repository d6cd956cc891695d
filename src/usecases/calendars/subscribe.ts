import { countCalendars, insertCalendar } from "../../db/calendars.ts";
import { violatedUnique } from "../../db/client.ts";
import { findCoachForUpdate } from "../../db/coaches.ts";
import { authorise } from "../../domain/access.ts";
import { DomainError, invalid, notFound } from "../../domain/errors.ts";
import { type ExternalCalendar, maxCalendars } from "../../domain/external-calendar.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { coachIdOf } from "../references.ts";
import { transact } from "../transaction.ts";
import { addressOf } from "./fetch-feed.ts";
import { syncJob } from "./sync-job.ts";

/**
 * Subscribes a coach to a calendar elsewhere, which is read at once and every ten minutes from then on.
 * @throws DomainError `not_found`, `forbidden`, `invalid_request` for an address that may not be called or one calendar
 *   too many, `already_exists` (field `url`), `unavailable` while its name cannot be looked up
 */
export const subscribeCalendar = async (
  app: App,
  context: RequestContext,
  input: { coachId: string; url: string },
): Promise<ExternalCalendar> => {
  const coachId = await coachIdOf(app.sql, input.coachId);
  authorise(context.principal, "coach.schedule", { what: "coach", owners: { coachId } });
  const address = addressOf(input.url);
  await app.outbound.check(address);
  const url = withoutFragment(address);
  try {
    return await transact(app, context, async ({ sql, addJobs }) => {
      if (!(await findCoachForUpdate(sql, coachId))) throw notFound("coach");
      if ((await countCalendars(sql, coachId)) >= maxCalendars)
        throw invalid("url", `a coach has ${maxCalendars} calendars at most`);
      const calendar = await insertCalendar(sql, { id: app.newId(), coachId, url });
      await addJobs(syncJob(calendar.id));
      return calendar;
    });
  } catch (error) {
    throw violatedUnique(error) === "calendars_coach_url" ? urlTaken(error) : error;
  }
};

/** One address has one spelling, and what stands behind `#` is never sent. */
const withoutFragment = (address: string): string => {
  const url = new URL(address);
  url.hash = "";
  return url.href;
};

const urlTaken = (cause: unknown): DomainError =>
  new DomainError("conflict", "already_exists", "The coach has this calendar already.", {
    facts: { field: "url" },
    cause,
  });
