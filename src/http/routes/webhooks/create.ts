import { createWebhook as create } from "../../../usecases/webhooks/create.ts";
import { defineOperation } from "../../operation.ts";
import { WebhookWithSecret } from "../../../schemas/answers.ts";
import { CreateWebhookBody } from "../../schemas/requests.ts";

export const createWebhook = defineOperation({
  id: "createWebhook",
  method: "post",
  path: "/v1/webhooks",
  tag: "Webhooks",
  summary: "Register a URL that events are sent to",
  description:
    "Events are signed after Standard Webhooks with the `secret`, which is shown in this answer and never again.",
  body: CreateWebhookBody,
  answers: { 201: { description: "The webhook, with its secret", schema: WebhookWithSecret } },
  handle: (app, context, { body }) => create(app, context, body),
  shape: ({ endpoint, secret }) => ({
    status: 201,
    body: { ...endpoint, secret },
    version: endpoint.version,
  }),
  shapeReplay: ({ endpoint }) => ({ status: 201, body: endpoint, version: endpoint.version }),
});
