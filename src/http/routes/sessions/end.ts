import { endSession as end } from "../../../usecases/sessions/end.ts";
import { defineOperation } from "../../operation.ts";
import { Session } from "../../../schemas/answers.ts";
import { IdParams, ReasonBody } from "../../schemas/requests.ts";

export const endSession = defineOperation({
  id: "endSession",
  method: "post",
  path: "/v1/sessions/{id}/end",
  tag: "Sessions",
  summary: "End a session in progress",
  params: IdParams,
  body: ReasonBody,
  answers: { 200: { description: "The session", schema: Session } },
  handle: (app, context, { params, body }) => end(app, context, { id: params.id, ...body }),
  shape: (session) => ({ status: 200, body: session, version: session.version }),
});
