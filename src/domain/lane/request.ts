import type { Actor } from "../principal.ts";
import type { RequestedTime } from "../booking.ts";

/** Whose time is asked for. */
export type LaneTarget =
  | { coachId: string; poolId?: undefined; holdId?: undefined }
  | { poolId: string; coachId?: undefined; holdId?: undefined };

/** Who asks, as far as a decision depends on it. Whether they may ask at all has been settled before. */
export type LaneCaller = {
  actor: Actor;
  /** As `callerOf` names them. */
  name: string;
  /** True for a client's own token: session types, cut-offs and approval bind them. */
  isClient: boolean;
};

/** A client who may not be known yet: found by `externalId`, else by mail, else made. */
export type InlineClient = { name: string; email?: string | undefined; externalId?: string | undefined };

/** Asks for a booking. */
export type BookRequest = {
  kind: "book";
  target: LaneTarget | { holdId: string; coachId?: undefined; poolId?: undefined };
  /** The client's id, or whom to find or make; for a hold that names its client it may be left out. */
  client: { id: string } | { inline: InlineClient } | null;
  /** Needed unless a hold says when. */
  time: { [K in keyof RequestedTime]?: RequestedTime[K] | undefined };
  sessionTypeId: string | null;
  title: string | null;
  notes: string | null;
  metadata: Record<string, string>;
};

/** Asks for a claim with a deadline. */
export type HoldRequest = {
  kind: "hold";
  target: LaneTarget;
  clientId: string | null;
  time: RequestedTime;
  sessionTypeId: string | null;
  ttlSeconds: number;
};

export type ReleaseRequest = { kind: "release"; holdId: string };
export type AcceptRequest = { kind: "accept"; bookingId: string };
export type DeclineRequest = { kind: "decline"; bookingId: string; reason: string | null };
export type CancelRequest = {
  kind: "cancel";
  bookingId: string;
  reason: string | null;
  /** The version of the session that the caller saw last; another one is refused. */
  ifSessionVersion?: number | undefined;
};
export type RescheduleRequest = {
  kind: "reschedule";
  bookingId: string;
  startsAt: Date;
  endsAt?: Date | undefined;
  durationMinutes?: number | undefined;
};
export type BlockRequest = {
  kind: "block";
  coachId: string;
  startsAt: Date;
  endsAt: Date;
  reason: string | null;
};
export type UnblockRequest = { kind: "unblock"; coachId: string; blockId: string };

/** Lets go of what has lapsed; the lane does so before anything else, so there is nothing left to decide. */
export type LapseRequest = { kind: "lapse" };

/** Whatever changes a coach's claims. */
export type LaneRequest =
  | BookRequest
  | HoldRequest
  | ReleaseRequest
  | AcceptRequest
  | DeclineRequest
  | CancelRequest
  | RescheduleRequest
  | BlockRequest
  | UnblockRequest
  | LapseRequest;

export type LaneKind = LaneRequest["kind"];
export type RequestOf<K extends LaneKind> = Extract<LaneRequest, { kind: K }>;
