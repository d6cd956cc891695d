import { createCoach as create } from "../../../usecases/coaches/create.ts";
import { defineOperation } from "../../operation.ts";
import { Coach } from "../../../schemas/answers.ts";
import { CreateCoachBody } from "../../schemas/requests.ts";

export const createCoach = defineOperation({
  id: "createCoach",
  method: "post",
  path: "/v1/coaches",
  tag: "Coaches",
  summary: "Make a coach",
  body: CreateCoachBody,
  answers: { 201: { description: "The coach", schema: Coach } },
  handle: (app, context, { body }) => create(app, context, body),
  shape: (coach) => ({ status: 201, body: coach, version: coach.version }),
});
