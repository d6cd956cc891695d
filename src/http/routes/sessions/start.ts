import { startSession as start } from "../../../usecases/sessions/start.ts";
import { defineOperation } from "../../operation.ts";
import { Session } from "../../../schemas/answers.ts";
import { IdParams, ReasonBody } from "../../schemas/requests.ts";

export const startSession = defineOperation({
  id: "startSession",
  method: "post",
  path: "/v1/sessions/{id}/start",
  tag: "Sessions",
  summary: "Start a session",
  description: "A client may do so only while present in the room.",
  params: IdParams,
  body: ReasonBody,
  answers: { 200: { description: "The session", schema: Session } },
  handle: (app, context, { params, body }) => start(app, context, { id: params.id, ...body }),
  shape: (session) => ({ status: 200, body: session, version: session.version }),
});
