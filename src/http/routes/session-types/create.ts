import { createSessionType as create } from "../../../usecases/session-types/create.ts";
import { defineOperation } from "../../operation.ts";
import { SessionType } from "../../../schemas/answers.ts";
import { CreateSessionTypeBody } from "../../schemas/requests.ts";

export const createSessionType = defineOperation({
  id: "createSessionType",
  method: "post",
  path: "/v1/session-types",
  tag: "Session types",
  summary: "Make a session type",
  body: CreateSessionTypeBody,
  answers: { 201: { description: "The session type", schema: SessionType } },
  handle: (app, context, { body }) => create(app, context, body),
  shape: (type) => ({ status: 201, body: type, version: type.version }),
});
