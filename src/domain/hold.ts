import type { Assignment } from "./pool.ts";

export type HoldStatus = "open" | "converted" | "released" | "expired";

/** A claim with a deadline, made while somebody fills in a form. */
export type Hold = {
  id: string;
  status: HoldStatus;
  coachId: string;
  clientId: string | null;
  poolId: string | null;
  sessionTypeId: string | null;
  startsAt: Date;
  endsAt: Date;
  expiresAt: Date;
  createdAt: Date;
  updatedAt: Date;
};

/** A hold with what its callers are not told. */
export type HoldRecord = Hold & {
  /** Whose it is, as `callerOf` names them. */
  caller: string;
  claimId: string | null;
  assignment: Assignment | null;
};

/** How long a hold lasts unless its caller says, and how many a client may have open. */
export const defaultHoldSeconds = 300;
export const maxHoldSeconds = 900;
export const maxOpenHolds = 5;
