import { readSummary as read } from "../../../usecases/sessions/summary.ts";
import { defineOperation } from "../../operation.ts";
import { Summary } from "../../../schemas/answers.ts";
import { IdParams } from "../../schemas/requests.ts";

export const readSummary = defineOperation({
  id: "readSummary",
  method: "get",
  path: "/v1/sessions/{id}/summary",
  tag: "Sessions",
  summary: "Read what happened in a closed session",
  description: "404 until it is written, with `Retry-After` while there may yet be one.",
  params: IdParams,
  answers: { 200: { description: "The summary", schema: Summary } },
  handle: (app, context, { params }) => read(app, context, params.id),
  shape: (summary) => ({ status: 200, body: summary }),
});
