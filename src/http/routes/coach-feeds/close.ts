import { closeFeed as close } from "../../../usecases/coach-feeds/close.ts";
import { defineOperation } from "../../operation.ts";
import { CoachParams } from "../../schemas/requests.ts";

export const closeFeed = defineOperation({
  id: "closeFeed",
  method: "delete",
  path: "/v1/coaches/{id}/calendar-feed",
  tag: "Calendars",
  summary: "Close a coach's own feed",
  params: CoachParams,
  answers: { 204: { description: "Its address stopped working" } },
  handle: (app, context, { params }) => close(app, context, params.id),
  shape: () => ({ status: 204, body: null }),
});
