import { z } from "@hono/zod-openapi";
import { listPools as list } from "../../../usecases/pools/read.ts";
import { defineOperation } from "../../operation.ts";
import { Pool, PublicPool, pageOf } from "../../../schemas/answers.ts";
import { PageQuery } from "../../schemas/requests.ts";

export const listPools = defineOperation({
  id: "listPools",
  method: "get",
  path: "/v1/pools",
  tag: "Pools",
  summary: "List the pools that you may see, newest first",
  query: PageQuery,
  answers: { 200: { description: "A page of pools", schema: pageOf(z.union([Pool, PublicPool])) } },
  handle: (app, context, { query }) => list(app, context, query),
  shape: (page) => ({ status: 200, body: page }),
});
