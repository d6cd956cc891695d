import { readHold as read } from "../../../usecases/holds/read.ts";
import { defineOperation } from "../../operation.ts";
import { Hold } from "../../../schemas/answers.ts";
import { IdParams } from "../../schemas/requests.ts";

export const readHold = defineOperation({
  id: "readHold",
  method: "get",
  path: "/v1/holds/{id}",
  tag: "Holds",
  summary: "Read a hold",
  params: IdParams,
  answers: { 200: { description: "The hold", schema: Hold } },
  handle: (app, context, { params }) => read(app, context, params.id),
  shape: (hold) => ({ status: 200, body: hold }),
});
