import { listSessionEvents as list } from "../../../usecases/sessions/events.ts";
import { defineOperation } from "../../operation.ts";
import { RoomEvent, pageOf } from "../../../schemas/answers.ts";
import { EventsQuery, IdParams } from "../../schemas/requests.ts";

export const listSessionEvents = defineOperation({
  id: "listSessionEvents",
  method: "get",
  path: "/v1/sessions/{id}/events",
  tag: "Sessions",
  summary: "List the session's durable events, oldest first",
  description: "`nextCursor` is the `after` of the next page, null when this one reached the newest event.",
  params: IdParams,
  query: EventsQuery,
  answers: { 200: { description: "A page of events", schema: pageOf(RoomEvent) } },
  handle: async (app, context, { params, query }) => {
    const events = await list(app, context, { id: params.id, after: query.after, limit: query.limit + 1 });
    const data = events.slice(0, query.limit);
    return { data, nextCursor: events.length > data.length ? String(data.at(-1)?.seq) : null };
  },
  shape: (page) => ({ status: 200, body: page }),
});
