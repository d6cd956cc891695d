import { listSessions as list } from "../../../usecases/sessions/list.ts";
import { defineOperation } from "../../operation.ts";
import { Session, pageOf } from "../../../schemas/answers.ts";
import { SessionsQuery } from "../../schemas/requests.ts";

export const listSessions = defineOperation({
  id: "listSessions",
  method: "get",
  path: "/v1/sessions",
  tag: "Sessions",
  summary: "List the sessions that you may see, newest first",
  query: SessionsQuery,
  answers: { 200: { description: "A page of sessions", schema: pageOf(Session) } },
  handle: (app, context, { query }) => list(app, context, query),
  shape: (page) => ({ status: 200, body: page }),
});
