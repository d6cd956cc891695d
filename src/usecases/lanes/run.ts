import type { ResultOf } from "../../domain/lane/decide.ts";
import type { LaneCaller, LaneRequest } from "../../domain/lane/request.ts";
import { type Principal, actorOf, callerOf } from "../../domain/principal.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { type LaneJob, type LaneNeeds, laneOfCoach, laneOfPool } from "./job.ts";

/** Who asks, as decisions see them. */
const laneCallerOf = (principal: Principal): LaneCaller => ({
  actor: actorOf(principal),
  name: callerOf(principal),
  isClient: principal.kind === "user" && principal.role === "client",
});

/**
 * Sends a request through the lane of its coach, or of the pool that is asked.
 * @throws DomainError the refusal; `AlreadyAnswered` for a request whose key was answered before
 */
export const runInLane = async <R extends LaneRequest>(
  app: App,
  context: RequestContext,
  { request, needs }: { request: R; needs: LaneNeeds },
): Promise<ResultOf<R["kind"]>> => {
  const job: LaneJob = { context, caller: laneCallerOf(context.principal), request, needs };
  return (await app.lanes.run(laneOf(request, needs), job)) as ResultOf<R["kind"]>;
};

const laneOf = (request: LaneRequest, { coachIds: [coachId = ""] }: LaneNeeds): string =>
  "target" in request && request.target.poolId !== undefined
    ? laneOfPool(request.target.poolId)
    : laneOfCoach(coachId);
