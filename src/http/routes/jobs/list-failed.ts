import { listFailedJobs as list } from "../../../usecases/jobs/list-failed.ts";
import { Job, pageOf } from "../../../schemas/answers.ts";
import { defineOperation } from "../../operation.ts";
import { PageQuery } from "../../schemas/requests.ts";

export const listFailedJobs = defineOperation({
  id: "listFailedJobs",
  method: "get",
  path: "/v1/jobs/failed",
  tag: "Jobs",
  summary: "List the jobs that failed for good",
  description: "Each was tried for a day. They wait here until they are replayed, or old.",
  query: PageQuery,
  answers: { 200: { description: "One page", schema: pageOf(Job) } },
  handle: (app, context, { query }) => list(app, context, query),
  shape: (page) => ({ status: 200, body: page }),
});
