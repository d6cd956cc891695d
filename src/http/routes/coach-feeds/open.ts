import { openFeed as open } from "../../../usecases/coach-feeds/open.ts";
import { defineOperation } from "../../operation.ts";
import { CalendarFeed } from "../../../schemas/answers.ts";
import { CoachParams } from "../../schemas/requests.ts";

export const openFeed = defineOperation({
  id: "openFeed",
  method: "post",
  path: "/v1/coaches/{id}/calendar-feed",
  tag: "Calendars",
  summary: "Open a coach's own feed for calendar apps, or move it to a new address",
  description: "Whoever has the address can read the feed. The old address, if any, stops working at once.",
  params: CoachParams,
  answers: { 201: { description: "Where the feed is", schema: CalendarFeed } },
  handle: (app, context, { params }) => open(app, context, params.id),
  shape: (feed) => ({ status: 201, body: feed }),
});
