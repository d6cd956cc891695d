import { z } from "@hono/zod-openapi";
import { readSessionType as read } from "../../../usecases/session-types/read.ts";
import { defineOperation } from "../../operation.ts";
import { PublicSessionType, SessionType } from "../../../schemas/answers.ts";
import { IdParams } from "../../schemas/requests.ts";

export const readSessionType = defineOperation({
  id: "readSessionType",
  method: "get",
  path: "/v1/session-types/{id}",
  tag: "Session types",
  summary: "Read a session type",
  params: IdParams,
  answers: { 200: { description: "The session type", schema: z.union([SessionType, PublicSessionType]) } },
  handle: (app, context, { params }) => read(app, context, params.id),
  shape: (type) => ({ status: 200, body: type, ...("version" in type ? { version: type.version } : {}) }),
});
