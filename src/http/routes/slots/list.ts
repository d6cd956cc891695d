import { listSlots as list } from "../../../usecases/slots/list.ts";
import { formatInstant } from "../../../domain/zone.ts";
import { defineOperation } from "../../operation.ts";
import { SlotsAnswer } from "../../../schemas/answers.ts";
import { SlotsQuery } from "../../schemas/requests.ts";

export const listSlots = defineOperation({
  id: "listSlots",
  method: "get",
  path: "/v1/slots",
  tag: "Slots",
  summary: "List the times that may be booked",
  description:
    "Starts lie in `[from, to)`, 62 days at most; `days` counts from `from`. Give `durationMinutes` or `sessionTypeId`. " +
    "`stale` names coaches whose calendar elsewhere has not been read for too long.",
  query: SlotsQuery,
  answers: { 200: { description: "The slots, earliest first", schema: SlotsAnswer } },
  handle: (app, _context, { query }) => list(app, query),
  shape: ({ timeZone, slots, stale }) => ({
    status: 200,
    body: {
      timeZone,
      slots: slots.map(({ start, end, coachIds }) => ({
        startsAt: formatInstant(timeZone, start),
        endsAt: formatInstant(timeZone, end),
        coachIds,
      })),
      total: slots.length,
      stale,
    },
  }),
});
