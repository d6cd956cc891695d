import { requestSync } from "../../../usecases/calendars/request-sync.ts";
import { defineOperation } from "../../operation.ts";
import { ExternalCalendar } from "../../../schemas/answers.ts";
import { CalendarParams } from "../../schemas/requests.ts";

export const syncCalendar = defineOperation({
  id: "syncCalendar",
  method: "post",
  path: "/v1/coaches/{id}/calendars/{calendarId}/sync",
  tag: "Calendars",
  summary: "Have a calendar elsewhere read now",
  description:
    "A worker reads it within seconds: read the calendar again until its `attemptedAt` has moved, and see `lastError`.",
  params: CalendarParams,
  answers: { 202: { description: "The calendar as it is before", schema: ExternalCalendar } },
  handle: (app, context, { params }) =>
    requestSync(app, context, { coachId: params.id, calendarId: params.calendarId }),
  shape: (calendar) => ({ status: 202, body: calendar, version: calendar.version }),
});
