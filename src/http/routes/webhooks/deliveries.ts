import { listWebhookDeliveries as list } from "../../../usecases/webhooks/deliveries.ts";
import { defineOperation } from "../../operation.ts";
import { WebhookDelivery, pageOf } from "../../../schemas/answers.ts";
import { DeliveriesQuery, IdParams } from "../../schemas/requests.ts";

export const listWebhookDeliveries = defineOperation({
  id: "listWebhookDeliveries",
  method: "get",
  path: "/v1/webhooks/{id}/deliveries",
  tag: "Webhooks",
  summary: "List what was sent to a webhook and what waits, newest first",
  params: IdParams,
  query: DeliveriesQuery,
  answers: { 200: { description: "A page of deliveries", schema: pageOf(WebhookDelivery) } },
  handle: (app, context, { params, query }) => list(app, context, { ...query, endpointId: params.id }),
  shape: (page) => ({ status: 200, body: page }),
});
