import { readCalendar as read } from "../../../usecases/calendars/read.ts";
import { defineOperation } from "../../operation.ts";
import { ExternalCalendar } from "../../../schemas/answers.ts";
import { CalendarParams } from "../../schemas/requests.ts";

export const readCalendar = defineOperation({
  id: "readCalendar",
  method: "get",
  path: "/v1/coaches/{id}/calendars/{calendarId}",
  tag: "Calendars",
  summary: "Read a calendar elsewhere of a coach",
  params: CalendarParams,
  answers: { 200: { description: "The calendar", schema: ExternalCalendar } },
  handle: (app, context, { params }) =>
    read(app, context, { coachId: params.id, calendarId: params.calendarId }),
  shape: (calendar) => ({ status: 200, body: calendar, version: calendar.version }),
});
