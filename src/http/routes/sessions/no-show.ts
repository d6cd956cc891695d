import { markNoShow as mark } from "../../../usecases/sessions/no-show.ts";
import { defineOperation } from "../../operation.ts";
import { Session } from "../../../schemas/answers.ts";
import { IdParams, NoShowBody } from "../../schemas/requests.ts";

export const markNoShow = defineOperation({
  id: "markNoShow",
  method: "post",
  path: "/v1/sessions/{id}/no-show",
  tag: "Sessions",
  summary: "Say that somebody did not come",
  description: "From the start on. Closes the session and its room, with `endReason` null.",
  params: IdParams,
  body: NoShowBody,
  answers: { 200: { description: "The session", schema: Session } },
  handle: (app, context, { params, body }) => mark(app, context, { id: params.id, ...body }),
  shape: (session) => ({ status: 200, body: session, version: session.version }),
});
