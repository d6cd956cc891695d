import { readDistribution as read } from "../../../usecases/pools/distribution.ts";
import { defineOperation } from "../../operation.ts";
import { Distribution } from "../../../schemas/answers.ts";
import { IdParams, StretchQuery } from "../../schemas/requests.ts";

export const readDistribution = defineOperation({
  id: "readDistribution",
  method: "get",
  path: "/v1/pools/{id}/distribution",
  tag: "Pools",
  summary: "See how a pool's bookings were spread",
  params: IdParams,
  query: StretchQuery,
  answers: { 200: { description: "Each coach's share, and how fair it is", schema: Distribution } },
  handle: (app, context, { params, query }) => read(app, context, { id: params.id, ...query }),
  shape: (distribution) => ({ status: 200, body: distribution }),
});
