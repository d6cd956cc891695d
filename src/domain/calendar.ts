import type { Coach } from "./coach.ts";
import { type Timeline, covers, touches } from "./timeline.ts";
import { type Day, dayAt } from "./zone.ts";

/** Why a time may not be booked, in the order in which they are told. */
export const slotReasons = [
  "coach_inactive",
  "in_the_past",
  "too_soon",
  "too_far",
  "outside_availability",
  "external_busy",
  "daily_limit",
  "taken",
] as const;

export type SlotReason = (typeof slotReasons)[number];

/** What a session type asks of a time. */
export type SlotRules = {
  bufferBeforeMinutes: number;
  bufferAfterMinutes: number;
  minimumNoticeMinutes: number;
  /** How far ahead may be booked; null is any time. */
  bookingWindowDays: number | null;
};

/** The rules of a booking without a type. */
export const noRules: SlotRules = {
  bufferBeforeMinutes: 0,
  bufferAfterMinutes: 0,
  minimumNoticeMinutes: 0,
  bookingWindowDays: null,
};

/** All that decides whether a coach's time may be booked, for the stretch that it was read for. */
export type CoachCalendar = {
  coach: Pick<Coach, "id" | "active" | "timeZone" | "dailyLimit">;
  /** When the coach works; null is always. */
  windows: Timeline | null;
  /** Time that calendars elsewhere say is busy, or cannot vouch for. */
  busy: Timeline;
  /** Time that holds, bookings and blocks have taken, buffers included. */
  claimed: Timeline;
  /** How many sessions start on each local day; needed only for a coach with a daily limit. */
  startsByDay: ReadonlyMap<Day, number>;
};

/** A time that somebody may want: start and end of the session itself, in milliseconds since 1970. */
export type SlotCandidate = { start: number; end: number; rules: SlotRules };

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** The time that a session takes of its coach, buffers included. */
export const bufferedStretch = ({ start, end, rules }: SlotCandidate): { start: number; end: number } => ({
  start: start - rules.bufferBeforeMinutes * minuteMs,
  end: end + rules.bufferAfterMinutes * minuteMs,
});

type Objection = (calendar: CoachCalendar, slot: SlotCandidate, now: number) => boolean;

const isTakenIn = (timeline: Timeline, slot: SlotCandidate): boolean => {
  const { start, end } = bufferedStretch(slot);
  return touches(timeline, start, end);
};

const objections: Record<SlotReason, Objection> = {
  coach_inactive: ({ coach }) => !coach.active,
  in_the_past: (_, { start }, now) => start < now,
  too_soon: (_, { start, rules }, now) => start < now + rules.minimumNoticeMinutes * minuteMs,
  too_far: (_, { start, rules }, now) =>
    rules.bookingWindowDays !== null && start > now + rules.bookingWindowDays * dayMs,
  outside_availability: ({ windows }, { start, end }) => windows !== null && !covers(windows, start, end),
  external_busy: ({ busy }, slot) => isTakenIn(busy, slot),
  daily_limit: ({ coach, startsByDay }, { start }) =>
    coach.dailyLimit !== null && (startsByDay.get(dayAt(coach.timeZone, start)) ?? 0) >= coach.dailyLimit,
  taken: ({ claimed }, slot) => isTakenIn(claimed, slot),
};

const inOrder = slotReasons.map((reason) => [reason, objections[reason]] as const);

/**
 * The one evaluator: slots, `explain`, holds, bookings and moves all ask it, so that what was offered is not refused
 * for a rule. `now` is the database's time, in milliseconds since 1970.
 * @returns the first reason against the time, or null when it may be booked
 */
export const findReason = (calendar: CoachCalendar, slot: SlotCandidate, now: number): SlotReason | null => {
  for (const [reason, objects] of inOrder) if (objects(calendar, slot, now)) return reason;
  return null;
};

/** Every reason against a time, in order; none when it may be booked. */
export const listReasons = (calendar: CoachCalendar, slot: SlotCandidate, now: number): SlotReason[] =>
  inOrder.filter(([, objects]) => objects(calendar, slot, now)).map(([reason]) => reason);
