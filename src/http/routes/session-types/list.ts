import { z } from "@hono/zod-openapi";
import { listSessionTypes as list } from "../../../usecases/session-types/read.ts";
import { defineOperation } from "../../operation.ts";
import { PublicSessionType, SessionType, pageOf } from "../../../schemas/answers.ts";
import { PageQuery } from "../../schemas/requests.ts";

export const listSessionTypes = defineOperation({
  id: "listSessionTypes",
  method: "get",
  path: "/v1/session-types",
  tag: "Session types",
  summary: "List session types, newest first",
  query: PageQuery,
  answers: {
    200: {
      description: "A page of session types",
      schema: pageOf(z.union([SessionType, PublicSessionType])),
    },
  },
  handle: (app, context, { query }) => list(app, context, query),
  shape: (page) => ({ status: 200, body: page }),
});
