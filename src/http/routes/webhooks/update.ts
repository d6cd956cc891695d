import { updateWebhook as update } from "../../../usecases/webhooks/update.ts";
import { defineOperation } from "../../operation.ts";
import { Webhook } from "../../../schemas/answers.ts";
import { IdParams, UpdateWebhookBody } from "../../schemas/requests.ts";

export const updateWebhook = defineOperation({
  id: "updateWebhook",
  method: "patch",
  path: "/v1/webhooks/{id}",
  tag: "Webhooks",
  summary: "Change a webhook",
  description:
    "While it is disabled no new event is kept for it. What waited when it was disabled is sent once it is enabled again.",
  params: IdParams,
  body: UpdateWebhookBody,
  answers: { 200: { description: "The webhook", schema: Webhook } },
  handle: (app, context, { params, body }) => update(app, context, { id: params.id, changes: body }),
  shape: (webhook) => ({ status: 200, body: webhook, version: webhook.version }),
});
