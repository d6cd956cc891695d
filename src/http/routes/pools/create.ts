import { createPool as create } from "../../../usecases/pools/create.ts";
import { defineOperation } from "../../operation.ts";
import { Pool } from "../../../schemas/answers.ts";
import { CreatePoolBody } from "../../schemas/requests.ts";

export const createPool = defineOperation({
  id: "createPool",
  method: "post",
  path: "/v1/pools",
  tag: "Pools",
  summary: "Make a pool of coaches",
  description: "A member of weight 200 gets twice the sessions of one of weight 100, the default.",
  body: CreatePoolBody,
  answers: { 201: { description: "The pool", schema: Pool } },
  handle: (app, context, { body }) => create(app, context, body),
  shape: (pool) => ({ status: 201, body: pool, version: pool.version }),
});
