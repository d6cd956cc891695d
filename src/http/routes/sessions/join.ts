import { joinSession as join } from "../../../usecases/sessions/join.ts";
import { defineOperation } from "../../operation.ts";
import { JoinAnswer } from "../../../schemas/answers.ts";
import { IdParams, JoinBody } from "../../schemas/requests.ts";

export const joinSession = defineOperation({
  id: "joinSession",
  method: "post",
  path: "/v1/sessions/{id}/join",
  tag: "Sessions",
  summary: "Get a ticket for the session's live room",
  description:
    "Connect a Socket.IO client to `url` with `auth: { token: ticket }`. Keys and admins say whom it is for: " +
    "`as`, or `role` with a `name`; a coach may bring guests.",
  params: IdParams,
  body: JoinBody,
  answers: { 200: { description: "The ticket", schema: JoinAnswer } },
  handle: (app, context, { params, body }) => join(app, context, { id: params.id, ...body }),
  shape: (answer) => ({ status: 200, body: answer }),
});
