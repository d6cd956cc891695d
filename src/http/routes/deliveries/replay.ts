import { replayDelivery as replay } from "../../../usecases/webhooks/replay.ts";
import { defineOperation } from "../../operation.ts";
import { WebhookDelivery } from "../../../schemas/answers.ts";
import { IdParams } from "../../schemas/requests.ts";

export const replayDelivery = defineOperation({
  id: "replayDelivery",
  method: "post",
  path: "/v1/deliveries/{id}/replay",
  tag: "Webhooks",
  summary: "Send a delivery again, whatever became of it",
  params: IdParams,
  answers: { 202: { description: "The delivery, due now", schema: WebhookDelivery } },
  handle: (app, context, { params }) => replay(app, context, params.id),
  shape: (delivery) => ({ status: 202, body: delivery }),
});
