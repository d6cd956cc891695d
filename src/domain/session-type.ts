import type { SlotRules } from "./calendar.ts";

/** Where a session is held; only a `room` is the hub's own. */
export type SessionLocation = { kind: "room" | "url" | "in_person"; value?: string | undefined };

/** A named offer: how long, how much in advance, who approves. */
export type SessionType = SlotRules & {
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
  /** Whether chat and notes may be shown to the model that the hub is set up with, for its part of the summary. */
  allowsModelSummary: boolean;
  /** How long the coach may think it over, from the request on; never past the start. */
  approvalDeadlineMinutes: number;
  /** How long before the start a client may still cancel, and still move. */
  cancelCutoffMinutes: number;
  rescheduleCutoffMinutes: number;
  location: SessionLocation;
  /**
   * How long its rooms wait, null for as long as the hub's settings say: with nobody there, with people there past the
   * end, and for somebody who has not come.
   */
  emptyRoomMinutes: number | null;
  maxOverrunMinutes: number | null;
  noShowMinutes: number | null;
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
  allowsModelSummary: true,
  approvalDeadlineMinutes: 1440,
  cancelCutoffMinutes: 0,
  rescheduleCutoffMinutes: 0,
  location: { kind: "room" },
  emptyRoomMinutes: null,
  maxOverrunMinutes: null,
  noShowMinutes: null,
} satisfies Partial<SessionType>;
