import { readAvailability as read } from "../../../usecases/availability/read.ts";
import { defineOperation } from "../../operation.ts";
import { Availability } from "../../../schemas/answers.ts";
import { PersonParams } from "../../schemas/requests.ts";

export const readAvailability = defineOperation({
  id: "readAvailability",
  method: "get",
  path: "/v1/coaches/{id}/availability",
  tag: "Coaches",
  summary: "Read when a coach works",
  params: PersonParams,
  answers: { 200: { description: "The availability; null where it was never set", schema: Availability } },
  handle: (app, context, { params }) => read(app, context, params.id),
  shape: (availability) => ({ status: 200, body: availability, version: availability.version }),
});
