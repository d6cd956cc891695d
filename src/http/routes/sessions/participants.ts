import { z } from "@hono/zod-openapi";
import { listParticipants as list } from "../../../usecases/rooms/read.ts";
import { defineOperation } from "../../operation.ts";
import { Participant } from "../../../schemas/answers.ts";
import { IdParams } from "../../schemas/requests.ts";

export const listParticipants = defineOperation({
  id: "listParticipants",
  method: "get",
  path: "/v1/sessions/{id}/participants",
  tag: "Sessions",
  summary: "List who is in the room",
  params: IdParams,
  answers: {
    200: { description: "The people in the room", schema: z.object({ data: z.array(Participant) }) },
  },
  handle: (app, context, { params }) => list(app, context, params.id),
  shape: (data) => ({ status: 200, body: { data } }),
});
