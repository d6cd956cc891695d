import { z } from "@hono/zod-openapi";
import { listCoaches as list } from "../../../usecases/coaches/list.ts";
import { defineOperation } from "../../operation.ts";
import { Coach, PublicCoach, pageOf } from "../../../schemas/answers.ts";
import { PageQuery } from "../../schemas/requests.ts";

export const listCoaches = defineOperation({
  id: "listCoaches",
  method: "get",
  path: "/v1/coaches",
  tag: "Coaches",
  summary: "List the coaches whom you may see, newest first",
  query: PageQuery,
  answers: { 200: { description: "A page of coaches", schema: pageOf(z.union([Coach, PublicCoach])) } },
  handle: (app, context, { query }) => list(app, context, query),
  shape: (page) => ({ status: 200, body: page }),
});
