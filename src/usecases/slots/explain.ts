import { refusalSentence, requestedPeriod } from "../../domain/booking.ts";
import { type SlotReason, listReasons } from "../../domain/calendar.ts";
import type { Principal } from "../../domain/principal.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import type { TargetInput } from "../target.ts";
import { readSlotCalendars } from "./read-calendars.ts";

export type ExplainInput = TargetInput & {
  startsAt: Date;
  endsAt?: Date | undefined;
  durationMinutes?: number | undefined;
  sessionTypeId?: string | undefined;
};

export type Explanation = {
  coaches: { coachId: string; available: boolean; reasons: { code: string; detail: string }[] }[];
};

/** What a client is told as it is; everything else is the coach's own business. */
const toldToClients: readonly SlotReason[] = ["too_soon", "too_far"];

/**
 * Says of each coach whether a time may be booked, and every reason against it.
 * @throws DomainError `not_found`, `invalid_request`
 */
export const explainSlot = async (
  app: App,
  { principal }: RequestContext,
  input: ExplainInput,
): Promise<Explanation> => {
  let slot = { start: 0, end: 0 };
  const { now, rules, sources } = await readSlotCalendars({ ...app, input }, ({ type }) => {
    const { start, end } = requestedPeriod(input, type?.durationMinutes ?? null);
    slot = { start: start.getTime(), end: end.getTime() };
    return slot;
  });
  return {
    coaches: sources.map(({ calendar }) => {
      const reasons = listReasons(calendar, { ...slot, rules }, now);
      return {
        coachId: calendar.coach.id,
        available: reasons.length === 0,
        reasons: tell(principal, reasons),
      };
    }),
  };
};

const tell = (principal: Principal, reasons: readonly SlotReason[]): { code: string; detail: string }[] => {
  if (principal.kind !== "user" || principal.role !== "client")
    return reasons.map((code) => ({ code, detail: refusalSentence(code) }));
  const told = reasons
    .filter((code) => toldToClients.includes(code))
    .map((code) => ({ code: code as string, detail: refusalSentence(code) }));
  return told.length < reasons.length
    ? [...told, { code: "unavailable", detail: "This time is not available." }]
    : told;
};
