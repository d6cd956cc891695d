import { rotateWebhook as rotate } from "../../../usecases/webhooks/rotate.ts";
import { defineOperation } from "../../operation.ts";
import { WebhookWithSecret } from "../../../schemas/answers.ts";
import { IdParams } from "../../schemas/requests.ts";

export const rotateWebhook = defineOperation({
  id: "rotateWebhook",
  method: "post",
  path: "/v1/webhooks/{id}/rotate",
  tag: "Webhooks",
  summary: "Give a webhook a new secret",
  description:
    "The new `secret` is shown in this answer and never again. For 24 hours events are signed with the one before as well; one from before that is void at once.",
  params: IdParams,
  answers: { 200: { description: "The webhook, with its new secret", schema: WebhookWithSecret } },
  handle: (app, context, { params }) => rotate(app, context, params.id),
  shape: ({ endpoint, secret }) => ({
    status: 200,
    body: { ...endpoint, secret },
    version: endpoint.version,
  }),
  shapeReplay: ({ endpoint }) => ({ status: 200, body: endpoint, version: endpoint.version }),
});
