import { listCalendars as list } from "../../../usecases/calendars/list.ts";
import { defineOperation } from "../../operation.ts";
import { ExternalCalendar, pageOf } from "../../../schemas/answers.ts";
import { CoachParams } from "../../schemas/requests.ts";

export const listCalendars = defineOperation({
  id: "listCalendars",
  method: "get",
  path: "/v1/coaches/{id}/calendars",
  tag: "Calendars",
  summary: "List the calendars elsewhere of a coach, and how reading them goes",
  params: CoachParams,
  answers: { 200: { description: "All of them, newest first", schema: pageOf(ExternalCalendar) } },
  handle: (app, context, { params }) => list(app, context, params.id),
  shape: (page) => ({ status: 200, body: page }),
});
