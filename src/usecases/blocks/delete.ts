import { findBlock } from "../../db/claims.ts";
import { authorise } from "../../domain/access.ts";
import { notFound } from "../../domain/errors.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { runInLane } from "../lanes/run.ts";
import { coachIdOf } from "../references.ts";

/**
 * Takes a block away.
 * @throws DomainError `not_found`, `forbidden`
 */
export const deleteBlock = async (
  app: App,
  context: RequestContext,
  input: { coachId: string; blockId: string },
): Promise<null> => {
  const coachId = await coachIdOf(app.sql, input.coachId);
  authorise(context.principal, "coach.schedule", { what: "coach", owners: { coachId } });
  const block = await findBlock(app.sql, coachId, input.blockId);
  if (!block) throw notFound("block");
  return runInLane(app, context, {
    request: { kind: "unblock", coachId, blockId: input.blockId },
    needs: { coachIds: [coachId], claimed: { start: block.start.getTime(), end: block.end.getTime() } },
  });
};
