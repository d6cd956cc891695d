import { updateClient as update } from "../../../usecases/clients/update.ts";
import { defineOperation } from "../../operation.ts";
import { Client } from "../../../schemas/answers.ts";
import { PersonParams, UpdateClientBody } from "../../schemas/requests.ts";

export const updateClient = defineOperation({
  id: "updateClient",
  method: "patch",
  path: "/v1/clients/{id}",
  tag: "Clients",
  summary: "Change a client",
  params: PersonParams,
  body: UpdateClientBody,
  answers: { 200: { description: "The client", schema: Client } },
  handle: (app, context, { params, body }) => update(app, context, { ref: params.id, changes: body }),
  shape: (client) => ({ status: 200, body: client, version: client.version }),
});
