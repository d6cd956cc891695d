import { cancelSession as cancel } from "../../../usecases/sessions/cancel.ts";
import { defineOperation } from "../../operation.ts";
import { Session } from "../../../schemas/answers.ts";
import { IdParams, ReasonBody } from "../../schemas/requests.ts";

export const cancelSession = defineOperation({
  id: "cancelSession",
  method: "post",
  path: "/v1/sessions/{id}/cancel",
  tag: "Sessions",
  summary: "Cancel a session and its booking",
  params: IdParams,
  body: ReasonBody,
  answers: { 200: { description: "The session", schema: Session } },
  handle: (app, context, { params, body }) => cancel(app, context, { id: params.id, ...body }),
  shape: ({ session }) => ({ status: 200, body: session, ...(session ? { version: session.version } : {}) }),
});
