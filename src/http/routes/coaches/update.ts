import { updateCoach as update } from "../../../usecases/coaches/update.ts";
import { defineOperation } from "../../operation.ts";
import { Coach } from "../../../schemas/answers.ts";
import { PersonParams, UpdateCoachBody } from "../../schemas/requests.ts";

export const updateCoach = defineOperation({
  id: "updateCoach",
  method: "patch",
  path: "/v1/coaches/{id}",
  tag: "Coaches",
  summary: "Change a coach",
  description: "A coach changes their own name, mail, zone and daily limit.",
  params: PersonParams,
  body: UpdateCoachBody,
  answers: { 200: { description: "The coach", schema: Coach } },
  handle: (app, context, { params, body }) => update(app, context, { ref: params.id, changes: body }),
  shape: (coach) => ({ status: 200, body: coach, version: coach.version }),
});
