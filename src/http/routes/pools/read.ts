import { z } from "@hono/zod-openapi";
import { readPool as read } from "../../../usecases/pools/read.ts";
import { defineOperation } from "../../operation.ts";
import { Pool, PublicPool } from "../../../schemas/answers.ts";
import { IdParams } from "../../schemas/requests.ts";

export const readPool = defineOperation({
  id: "readPool",
  method: "get",
  path: "/v1/pools/{id}",
  tag: "Pools",
  summary: "Read a pool",
  params: IdParams,
  answers: { 200: { description: "The pool", schema: z.union([Pool, PublicPool]) } },
  handle: (app, context, { params }) => read(app, context, params.id),
  shape: (pool) => ({ status: 200, body: pool, ...("version" in pool ? { version: pool.version } : {}) }),
});
