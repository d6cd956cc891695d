import { type CoachCalendar, type SlotRules, findReason } from "./calendar.ts";
import type { Stretch } from "./timeline.ts";

/** A coach's calendar with the windows as they stand, whose starts the grid begins at. */
export type SlotSource = { calendar: CoachCalendar; windows: readonly Stretch[] };

/** Which slots are asked for: starts in `[from, to)`, all in milliseconds. */
export type SlotQuery = { from: number; to: number; lengthMs: number; stepMs: number; rules: SlotRules };

/** A time that may be booked, and with whom. */
export type Slot = { start: number; end: number; coachIds: string[] };

/**
 * The slots of a grid that begins anew at each window's start. A window that goes on in the next one may be left
 * by a slot, so whether a slot fits is up to the evaluator alone.
 * @returns in order of their start, each with the coaches in the order given
 */
export const listSlots = (sources: readonly SlotSource[], query: SlotQuery, now: number): Slot[] => {
  const { from, to, lengthMs, stepMs, rules } = query;
  const slots = new Map<number, Slot>();
  for (const { calendar, windows } of sources) {
    const { id } = calendar.coach;
    for (const window of windows) {
      const first = window.start + Math.max(0, Math.ceil((from - window.start) / stepMs)) * stepMs;
      for (let start = first; start < window.end && start < to; start += stepMs) {
        const end = start + lengthMs;
        const slot = slots.get(start);
        // A window that ends in the gap of a clock change reaches into the next one, whose grid may meet its own.
        if (slot?.coachIds.at(-1) === id || findReason(calendar, { start, end, rules }, now)) continue;
        if (slot) slot.coachIds.push(id);
        else slots.set(start, { start, end, coachIds: [id] });
      }
    }
  }
  return [...slots.values()].sort((a, b) => a.start - b.start);
};
