import { explainSlot as explain } from "../../../usecases/slots/explain.ts";
import { defineOperation } from "../../operation.ts";
import { Explanation } from "../../../schemas/answers.ts";
import { ExplainQuery } from "../../schemas/requests.ts";

export const explainSlot = defineOperation({
  id: "explainSlot",
  method: "get",
  path: "/v1/slots/explain",
  tag: "Slots",
  summary: "Say why a time may not be booked",
  query: ExplainQuery,
  answers: { 200: { description: "Each coach, with every reason against the time", schema: Explanation } },
  handle: (app, context, { query }) => explain(app, context, query),
  shape: (explanation) => ({ status: 200, body: explanation }),
});
