import { replayJob as replay } from "../../../usecases/jobs/replay.ts";
import { Job } from "../../../schemas/answers.ts";
import { defineOperation } from "../../operation.ts";
import { JobParams } from "../../schemas/requests.ts";

export const replayJob = defineOperation({
  id: "replayJob",
  method: "post",
  path: "/v1/jobs/{id}/replay",
  tag: "Jobs",
  summary: "Have a job that failed for good begin anew",
  params: JobParams,
  answers: { 202: { description: "It is due now", schema: Job } },
  handle: (app, context, { params }) => replay(app, context, params.id),
  shape: (job) => ({ status: 202, body: job }),
});
