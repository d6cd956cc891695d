import { releaseHold as release } from "../../../usecases/holds/release.ts";
import { defineOperation } from "../../operation.ts";
import { IdParams } from "../../schemas/requests.ts";

export const releaseHold = defineOperation({
  id: "releaseHold",
  method: "delete",
  path: "/v1/holds/{id}",
  tag: "Holds",
  summary: "Let go of a hold",
  params: IdParams,
  answers: { 204: { description: "The hold keeps no time any more" } },
  handle: (app, context, { params }) => release(app, context, params.id),
  shape: () => ({ status: 204, body: null }),
});
