import type { LaneCaller, LaneRequest } from "../../domain/lane/request.ts";
import type { RequestContext } from "../context.ts";

/** What a request has to be decided on, and what is locked for it. */
export type LaneNeeds = {
  /** Whose time may change: their lanes are locked, their calendars read. */
  coachIds: readonly string[];
  poolId?: string | null;
  sessionTypeId?: string | null;
  clientId?: string | null;
  /** Claims of a coach that the request is about, by the time that they take; in milliseconds. */
  claimed?: { start: number; end: number };
  /** Read with its session, whose row is locked. */
  bookingId?: string;
  holdId?: string;
};

/** One request on its way through a lane. */
export type LaneJob = {
  context: RequestContext;
  caller: LaneCaller;
  request: LaneRequest;
  needs: LaneNeeds;
};

/** The names of lanes; also those of the advisory locks that a batch takes. */
export const laneOfCoach = (coachId: string): string => `coach:${coachId}`;
export const laneOfPool = (poolId: string): string => `pool:${poolId}`;
