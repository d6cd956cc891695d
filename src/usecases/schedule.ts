import type { ScheduleFilter } from "../db/bookings.ts";
import type { Principal } from "../domain/principal.ts";
import type { App } from "./app.ts";
import type { PageInput } from "./paging.ts";
import { findClientByRef, findCoachByRef } from "./references.ts";

/** What a caller narrows a list of bookings or sessions to. */
export type ScheduleQuery = PageInput & {
  status?: string | undefined;
  coachId?: string | undefined;
  clientId?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
};

/**
 * The filter that gives a caller what they asked for and may see, or null when that is nothing: somebody else's
 * schedule and one that does not exist look the same.
 */
export const visibleSchedule = async (
  app: App,
  principal: Principal,
  query: ScheduleQuery,
): Promise<ScheduleFilter | null> => {
  const own = principal.kind === "user" ? principal : null;
  const coach = query.coachId === undefined ? undefined : await findCoachByRef(app.sql, query.coachId);
  const client = query.clientId === undefined ? undefined : await findClientByRef(app.sql, query.clientId);
  if (coach === null || client === null) return null;
  if (own?.role === "coach" && coach && coach.id !== own.id) return null;
  if (own?.role === "client" && client && client.id !== own.id) return null;
  return {
    status: query.status ?? null,
    coachId: own?.role === "coach" ? own.id : (coach?.id ?? null),
    clientId: own?.role === "client" ? own.id : (client?.id ?? null),
    from: query.from ?? null,
    to: query.to ?? null,
  };
};
