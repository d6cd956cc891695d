import { deleteCalendar as remove } from "../../../usecases/calendars/delete.ts";
import { defineOperation } from "../../operation.ts";
import { CalendarParams } from "../../schemas/requests.ts";

export const deleteCalendar = defineOperation({
  id: "deleteCalendar",
  method: "delete",
  path: "/v1/coaches/{id}/calendars/{calendarId}",
  tag: "Calendars",
  summary: "End a subscription, and free the time that it kept busy",
  params: CalendarParams,
  answers: { 204: { description: "The time is free again" } },
  handle: (app, context, { params }) =>
    remove(app, context, { coachId: params.id, calendarId: params.calendarId }),
  shape: () => ({ status: 204, body: null }),
});
