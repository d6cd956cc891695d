import { z } from "@hono/zod-openapi";
import { readCoach as read } from "../../../usecases/coaches/read.ts";
import { defineOperation } from "../../operation.ts";
import { Coach, PublicCoach } from "../../../schemas/answers.ts";
import { PersonParams } from "../../schemas/requests.ts";

export const readCoach = defineOperation({
  id: "readCoach",
  method: "get",
  path: "/v1/coaches/{id}",
  tag: "Coaches",
  summary: "Read a coach",
  description: "A client sees the public fields of an active coach.",
  params: PersonParams,
  answers: { 200: { description: "The coach", schema: z.union([Coach, PublicCoach]) } },
  handle: (app, context, { params }) => read(app, context, params.id),
  shape: (coach) => ({ status: 200, body: coach, ...("version" in coach ? { version: coach.version } : {}) }),
});
