import { listWebhooks as list } from "../../../usecases/webhooks/read.ts";
import { defineOperation } from "../../operation.ts";
import { Webhook, pageOf } from "../../../schemas/answers.ts";
import { PageQuery } from "../../schemas/requests.ts";

export const listWebhooks = defineOperation({
  id: "listWebhooks",
  method: "get",
  path: "/v1/webhooks",
  tag: "Webhooks",
  summary: "List the webhooks, newest first",
  query: PageQuery,
  answers: { 200: { description: "A page of webhooks", schema: pageOf(Webhook) } },
  handle: (app, context, { query }) => list(app, context, query),
  shape: (page) => ({ status: 200, body: page }),
});
