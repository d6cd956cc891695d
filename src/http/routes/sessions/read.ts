import { readSession as read } from "../../../usecases/sessions/read.ts";
import { defineOperation } from "../../operation.ts";
import { Session } from "../../../schemas/answers.ts";
import { IdParams } from "../../schemas/requests.ts";

export const readSession = defineOperation({
  id: "readSession",
  method: "get",
  path: "/v1/sessions/{id}",
  tag: "Sessions",
  summary: "Read a session",
  params: IdParams,
  answers: { 200: { description: "The session", schema: Session } },
  handle: (app, context, { params }) => read(app, context, params.id),
  shape: (session) => ({ status: 200, body: session, version: session.version }),
});
