import type { Hold } from "../../domain/hold.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { runInLane } from "../lanes/run.ts";
import { requireHold } from "./read.ts";

/**
 * Lets go of a hold. Again, or after its deadline, changes nothing.
 * @throws DomainError `not_found`, also for somebody else's hold
 */
export const releaseHold = async (app: App, context: RequestContext, id: string): Promise<Hold> => {
  const { coachId, poolId, clientId } = await requireHold(app, context, id);
  return runInLane(app, context, {
    request: { kind: "release", holdId: id },
    needs: { coachIds: [coachId], poolId, clientId, holdId: id },
  });
};
