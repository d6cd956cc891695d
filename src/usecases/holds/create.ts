import { authorise } from "../../domain/access.ts";
import type { RequestedTime } from "../../domain/booking.ts";
import { type Hold, defaultHoldSeconds } from "../../domain/hold.ts";
import type { Principal } from "../../domain/principal.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { runInLane } from "../lanes/run.ts";
import { clientIdOf } from "../references.ts";
import { type TargetInput, resolveTarget } from "../target.ts";

export type HoldInput = RequestedTime &
  TargetInput & {
    clientId?: string | undefined;
    sessionTypeId?: string | undefined;
    ttlSeconds?: number | undefined;
  };

/**
 * Holds time with a coach, or with whom of a pool it chooses, until its deadline.
 * @throws DomainError `slot_unavailable` with the reason, `too_many_holds`, `session_type_required`, `not_found`,
 *   `forbidden`, `invalid_request`
 */
export const createHold = async (app: App, context: RequestContext, input: HoldInput): Promise<Hold> => {
  const { principal } = context;
  const clientId = await clientOf(app, principal, input);
  const { target, coachIds } = await resolveTarget(app.sql, input);
  const what = principal.kind === "user" && principal.role === "client" ? "client" : "coach";
  authorise(principal, "hold.create", { what, owners: { coachId: target.coachId ?? null, clientId } });
  const { startsAt, endsAt, durationMinutes, sessionTypeId = null } = input;
  return runInLane(app, context, {
    request: {
      kind: "hold",
      target,
      clientId,
      time: { startsAt, endsAt, durationMinutes },
      sessionTypeId,
      ttlSeconds: input.ttlSeconds ?? defaultHoldSeconds,
    },
    needs: { coachIds, poolId: target.poolId ?? null, sessionTypeId, clientId },
  });
};

/** A client holds for themselves. */
const clientOf = async (app: App, principal: Principal, { clientId }: HoldInput): Promise<string | null> => {
  if (clientId !== undefined) return clientIdOf(app.sql, clientId);
  return principal.kind === "user" && principal.role === "client" ? principal.id : null;
};
