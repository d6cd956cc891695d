import { readClient as read } from "../../../usecases/clients/read.ts";
import { defineOperation } from "../../operation.ts";
import { Client } from "../../../schemas/answers.ts";
import { PersonParams } from "../../schemas/requests.ts";

export const readClient = defineOperation({
  id: "readClient",
  method: "get",
  path: "/v1/clients/{id}",
  tag: "Clients",
  summary: "Read a client",
  params: PersonParams,
  answers: { 200: { description: "The client", schema: Client } },
  handle: (app, context, { params }) => read(app, context, params.id),
  shape: (client) => ({ status: 200, body: client, version: client.version }),
});
