import { authorise } from "../../domain/access.ts";
import { invalid } from "../../domain/errors.ts";
import type { Block } from "../../domain/lane/block.ts";
import { minutesBetween } from "../../domain/time.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { runInLane } from "../lanes/run.ts";
import { coachIdOf } from "../references.ts";

export type BlockInput = { coachId: string; startsAt: Date; endsAt: Date; reason?: string | undefined };

const maxBlockDays = 366;

/**
 * Blocks a stretch of a coach's time, such as time off.
 * @throws DomainError `not_found`, `forbidden`, `invalid_request`, `slot_unavailable` when some of it is taken
 */
export const createBlock = async (app: App, context: RequestContext, input: BlockInput): Promise<Block> => {
  const { startsAt, endsAt } = input;
  const coachId = await coachIdOf(app.sql, input.coachId);
  authorise(context.principal, "coach.schedule", { what: "coach", owners: { coachId } });
  if (endsAt <= startsAt) throw invalid("endsAt", "must be after startsAt");
  if (minutesBetween(startsAt, endsAt) > maxBlockDays * 24 * 60)
    throw invalid("endsAt", `a block lasts ${maxBlockDays} days at most`);
  return runInLane(app, context, {
    request: { kind: "block", coachId, startsAt, endsAt, reason: input.reason ?? null },
    needs: { coachIds: [coachId] },
  });
};
