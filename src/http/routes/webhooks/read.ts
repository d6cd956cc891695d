import { readWebhook as read } from "../../../usecases/webhooks/read.ts";
import { defineOperation } from "../../operation.ts";
import { Webhook } from "../../../schemas/answers.ts";
import { IdParams } from "../../schemas/requests.ts";

export const readWebhook = defineOperation({
  id: "readWebhook",
  method: "get",
  path: "/v1/webhooks/{id}",
  tag: "Webhooks",
  summary: "Read a webhook",
  params: IdParams,
  answers: { 200: { description: "The webhook", schema: Webhook } },
  handle: (app, context, { params }) => read(app, context, params.id),
  shape: (webhook) => ({ status: 200, body: webhook, version: webhook.version }),
});
