import { subscribeCalendar as subscribe } from "../../../usecases/calendars/subscribe.ts";
import { defineOperation } from "../../operation.ts";
import { ExternalCalendar } from "../../../schemas/answers.ts";
import { CoachParams, SubscribeCalendarBody } from "../../schemas/requests.ts";

export const subscribeCalendar = defineOperation({
  id: "subscribeCalendar",
  method: "post",
  path: "/v1/coaches/{id}/calendars",
  tag: "Calendars",
  summary: "Subscribe a coach to a calendar elsewhere (iCal), whose events keep their time busy",
  description: "It is read at once, and every ten minutes from then on. `webcal:` is taken for `https:`.",
  params: CoachParams,
  body: SubscribeCalendarBody,
  answers: { 201: { description: "The calendar, not yet read", schema: ExternalCalendar } },
  handle: (app, context, { params, body }) => subscribe(app, context, { coachId: params.id, ...body }),
  shape: (calendar) => ({ status: 201, body: calendar, version: calendar.version }),
});
