import { z } from "@hono/zod-openapi";
import { readAttendance as read } from "../../../usecases/sessions/attendance.ts";
import { defineOperation } from "../../operation.ts";
import { Visit } from "../../../schemas/answers.ts";
import { IdParams } from "../../schemas/requests.ts";

export const readAttendance = defineOperation({
  id: "readAttendance",
  method: "get",
  path: "/v1/sessions/{id}/attendance",
  tag: "Sessions",
  summary: "List every visit to the room",
  params: IdParams,
  answers: {
    200: {
      description: "The visits, in the order in which they began",
      schema: z.object({ data: z.array(Visit) }),
    },
  },
  handle: (app, context, { params }) => read(app, context, params.id),
  shape: (data) => ({ status: 200, body: { data } }),
});
