import { createHold as create } from "../../../usecases/holds/create.ts";
import { defineOperation } from "../../operation.ts";
import { Hold } from "../../../schemas/answers.ts";
import { HoldBody } from "../../schemas/requests.ts";

export const createHold = defineOperation({
  id: "createHold",
  method: "post",
  path: "/v1/holds",
  tag: "Holds",
  summary: "Hold time while somebody fills in a form",
  description:
    "It lasts 300 seconds unless `ttlSeconds` says otherwise, and never past its start. Book it with `holdId`.",
  body: HoldBody,
  answers: { 201: { description: "The hold", schema: Hold } },
  handle: (app, context, { body }) => create(app, context, body),
  shape: (hold) => ({ status: 201, body: hold }),
});
