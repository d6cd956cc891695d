import { setAvailability as set } from "../../../usecases/availability/set.ts";
import { defineOperation } from "../../operation.ts";
import { Availability } from "../../../schemas/answers.ts";
import { AvailabilityBody, PersonParams } from "../../schemas/requests.ts";

export const setAvailability = defineOperation({
  id: "setAvailability",
  method: "put",
  path: "/v1/coaches/{id}/availability",
  tag: "Coaches",
  summary: "Set when a coach works",
  description:
    "Times are on the clocks of the coach's zone. An override replaces its day; without windows it is a day off.",
  params: PersonParams,
  body: AvailabilityBody,
  answers: { 200: { description: "The availability", schema: Availability } },
  handle: (app, context, { params, body }) => set(app, context, { coach: params.id, ...body }),
  shape: (availability) => ({ status: 200, body: availability, version: availability.version }),
});
