import { deleteWebhook as remove } from "../../../usecases/webhooks/delete.ts";
import { defineOperation } from "../../operation.ts";
import { IdParams } from "../../schemas/requests.ts";

export const deleteWebhook = defineOperation({
  id: "deleteWebhook",
  method: "delete",
  path: "/v1/webhooks/{id}",
  tag: "Webhooks",
  summary: "Take a webhook away, with its deliveries",
  params: IdParams,
  answers: { 204: { description: "Nothing more is sent to it" } },
  handle: (app, context, { params }) => remove(app, context, params.id),
  shape: () => ({ status: 204, body: null }),
});
