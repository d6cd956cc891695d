import type { SlotRules } from "./calendar.ts";

/** Where a session is held; only a `room` is the hub's own. */
export type SessionLocation = { kind: "room" | "url" | "in_person"; value?: string | undefined };

/** How long a room waits: null is as long as the hub's own setting says. */
type OwnRoomTimers = {
  /** How long a session in progress may have an empty room before it ends. */
  emptyRoomMinutes: number | null;
  /** How long after its scheduled end a session ends whoever is still there. */
  maxOverrunMinutes: number | null;
  /** How long after the start somebody may be missing before the session is a no-show. */
  noShowMinutes: number | null;
};

/** A named offer: how long, how much in advance, who approves. */
export type SessionType = SlotRules &
  OwnRoomTimers & {
    id: string;
    slug: string;
    name: string;
    /** Who offers it: these coaches, and the members of these pools. */
    coachIds: string[];
    poolIds: string[];
    durationMinutes: number;
    /** The grid of the slots that are offered. */
    stepMinutes: number;
    requiresApproval: boolean;
    /** Guests wait in the lobby until the coach admits them. */
    requiresAdmission: boolean;
    /** How long the coach may think it over, from the request on; never past the start. */
    approvalDeadlineMinutes: number;
    /** How long before the start a client may still cancel, and still move. */
    cancelCutoffMinutes: number;
    rescheduleCutoffMinutes: number;
    location: SessionLocation;
    version: number;
    createdAt: Date;
    updatedAt: Date;
  };

/** What every type has unless it says otherwise. */
export const sessionTypeDefaults = {
  bufferBeforeMinutes: 0,
  bufferAfterMinutes: 0,
  minimumNoticeMinutes: 0,
  bookingWindowDays: null,
  stepMinutes: 15,
  requiresApproval: false,
  requiresAdmission: false,
  approvalDeadlineMinutes: 1440,
  cancelCutoffMinutes: 0,
  rescheduleCutoffMinutes: 0,
  location: { kind: "room" },
  emptyRoomMinutes: null,
  maxOverrunMinutes: null,
  noShowMinutes: null,
} satisfies Partial<SessionType>;
