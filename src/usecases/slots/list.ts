import { invalid } from "../../domain/errors.ts";
import { type Slot, listSlots as listSlotsOf } from "../../domain/slots.ts";
import { dayAt, instantOf } from "../../domain/zone.ts";
import type { App } from "../app.ts";
import type { TargetInput } from "../target.ts";
import { readSlotCalendars } from "./read-calendars.ts";

export type ListSlotsInput = TargetInput & {
  from: Date;
  to?: Date | undefined;
  days?: number | undefined;
  durationMinutes?: number | undefined;
  sessionTypeId?: string | undefined;
  timeZone?: string | undefined;
  stepMinutes?: number | undefined;
};

export type SlotList = { timeZone: string; slots: Slot[]; stale: string[] };

const maxDays = 62;
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/**
 * The slots that may be booked, of a coach or of anybody in a pool, with starts in `[from, to)`. Anybody who is signed
 * in may ask.
 * @throws DomainError `not_found`, `invalid_request`
 */
export const listSlots = async (app: App, input: ListSlotsInput): Promise<SlotList> => {
  if (input.durationMinutes !== undefined && input.sessionTypeId !== undefined)
    throw invalid("durationMinutes", "is set by the session type; leave it out");
  if (input.durationMinutes === undefined && input.sessionTypeId === undefined)
    throw invalid("durationMinutes", "give durationMinutes or sessionTypeId");
  let to = 0;
  let lengthMs = 0;
  const { now, type, rules, sources, stale, timeZone } = await readSlotCalendars(
    { ...app, input },
    (known) => {
      to = endOf(input, input.timeZone ?? known.timeZone);
      lengthMs = (known.type?.durationMinutes ?? input.durationMinutes ?? 0) * minuteMs;
      return { start: input.from.getTime(), end: to + lengthMs };
    },
  );
  const stepMs = (input.stepMinutes ?? type?.stepMinutes ?? 15) * minuteMs;
  const slots = listSlotsOf(sources, { from: input.from.getTime(), to, lengthMs, stepMs, rules }, now);
  return { timeZone: input.timeZone ?? timeZone, slots, stale };
};

/** Where the starts end: at `to`, or so many days later at the same time of day in the zone. */
const endOf = ({ from, to, days }: ListSlotsInput, timeZone: string): number => {
  if (to && days !== undefined) throw invalid("days", "give to or days, not both");
  if (!to && days === undefined) throw invalid("to", "give to or days");
  const start = from.getTime();
  if (!to) {
    const day = dayAt(timeZone, start);
    return instantOf(timeZone, day + (days ?? 0), (start - instantOf(timeZone, day, 0)) / minuteMs);
  }
  if (to <= from) throw invalid("to", "must be after from");
  if (to.getTime() - start > maxDays * dayMs) throw invalid("to", `must be within ${maxDays} days of from`);
  return to.getTime();
};
