import { createClient as create } from "../../../usecases/clients/create.ts";
import { defineOperation } from "../../operation.ts";
import { Client } from "../../../schemas/answers.ts";
import { CreateClientBody } from "../../schemas/requests.ts";

export const createClient = defineOperation({
  id: "createClient",
  method: "post",
  path: "/v1/clients",
  tag: "Clients",
  summary: "Make a client",
  body: CreateClientBody,
  answers: { 201: { description: "The client", schema: Client } },
  handle: (app, context, { body }) => create(app, context, body),
  shape: (client) => ({ status: 201, body: client, version: client.version }),
});
