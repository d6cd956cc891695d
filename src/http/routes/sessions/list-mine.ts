import { listMySessions as list } from "../../../usecases/sessions/list.ts";
import { defineOperation } from "../../operation.ts";
import { Session, pageOf } from "../../../schemas/answers.ts";
import { MySessionsQuery } from "../../schemas/requests.ts";

export const listMySessions = defineOperation({
  id: "listMySessions",
  method: "get",
  path: "/v1/me/sessions",
  tag: "Sessions",
  summary: "List your own sessions, newest first",
  query: MySessionsQuery,
  answers: { 200: { description: "A page of sessions", schema: pageOf(Session) } },
  handle: (app, context, { query }) => list(app, context, query),
  shape: (page) => ({ status: 200, body: page }),
});
