import { readFeedAddress as read } from "../../../usecases/coach-feeds/read-address.ts";
import { defineOperation } from "../../operation.ts";
import { CalendarFeed } from "../../../schemas/answers.ts";
import { CoachParams } from "../../schemas/requests.ts";

export const readFeedAddress = defineOperation({
  id: "readFeedAddress",
  method: "get",
  path: "/v1/coaches/{id}/calendar-feed",
  tag: "Calendars",
  summary: "Read where a coach's own feed is",
  params: CoachParams,
  answers: { 200: { description: "Where the feed is", schema: CalendarFeed } },
  handle: (app, context, { params }) => read(app, context, params.id),
  shape: (feed) => ({ status: 200, body: feed }),
});
