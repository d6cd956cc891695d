import { listClients as list } from "../../../usecases/clients/list.ts";
import { defineOperation } from "../../operation.ts";
import { Client, pageOf } from "../../../schemas/answers.ts";
import { PageQuery } from "../../schemas/requests.ts";

export const listClients = defineOperation({
  id: "listClients",
  method: "get",
  path: "/v1/clients",
  tag: "Clients",
  summary: "List the clients whom you may see, newest first",
  query: PageQuery,
  answers: { 200: { description: "A page of clients", schema: pageOf(Client) } },
  handle: (app, context, { query }) => list(app, context, query),
  shape: (page) => ({ status: 200, body: page }),
});
