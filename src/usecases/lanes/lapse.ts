import { listCoachesWithLapsedClaims } from "../../db/claims.ts";
import type { Principal } from "../../domain/principal.ts";
import type { App } from "../app.ts";
import { runInLane } from "./run.ts";

const house: Principal = { kind: "key", id: "courtside", name: "courtside", scope: "admin" };

/** Coaches in one sweep; more of them wait for the next. */
const batchSize = 200;

/**
 * Lets go of holds and pending bookings whose deadline has passed, in the lanes of their coaches. Nothing depends on how
 * soon: a claim past its deadline stops nobody, and every batch of its lane does the same first. Safe on any number of
 * nodes at once.
 * @returns how many coaches had some
 */
export const releaseLapsed = async (app: App): Promise<number> => {
  const coachIds = await listCoachesWithLapsedClaims(app.sql, batchSize);
  const context = { principal: house, requestId: `lapse-${app.newId()}` };
  await Promise.all(
    coachIds.map((id) => runInLane(app, context, { request: { kind: "lapse" }, needs: { coachIds: [id] } })),
  );
  return coachIds.length;
};
