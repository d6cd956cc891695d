import { correctSession as correct } from "../../../usecases/sessions/correct.ts";
import { defineOperation } from "../../operation.ts";
import { Session } from "../../../schemas/answers.ts";
import { CorrectBody, IdParams } from "../../schemas/requests.ts";

export const correctSession = defineOperation({
  id: "correctSession",
  method: "post",
  path: "/v1/sessions/{id}/correct",
  tag: "Sessions",
  summary: "Correct the outcome of a closed session",
  description:
    "Between `completed` and `no_show`, within 7 days. `endReason` stays; the `reason` of the correction stands in its " +
    "event, `session:corrected`, and in the summary, which is written anew.",
  params: IdParams,
  body: CorrectBody,
  answers: { 200: { description: "The session", schema: Session } },
  handle: (app, context, { params, body }) => correct(app, context, { id: params.id, ...body }),
  shape: (session) => ({ status: 200, body: session, version: session.version }),
});
