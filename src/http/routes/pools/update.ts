import { updatePool as update } from "../../../usecases/pools/update.ts";
import { defineOperation } from "../../operation.ts";
import { Pool } from "../../../schemas/answers.ts";
import { IdParams, UpdatePoolBody } from "../../schemas/requests.ts";

export const updatePool = defineOperation({
  id: "updatePool",
  method: "patch",
  path: "/v1/pools/{id}",
  tag: "Pools",
  summary: "Change a pool",
  description: "`members` replaces all of them.",
  params: IdParams,
  body: UpdatePoolBody,
  answers: { 200: { description: "The pool", schema: Pool } },
  handle: (app, context, { params, body }) => update(app, context, { id: params.id, ...body }),
  shape: (pool) => ({ status: 200, body: pool, version: pool.version }),
});
