import { createBlock as create } from "../../../usecases/blocks/create.ts";
import { defineOperation } from "../../operation.ts";
import { Block } from "../../../schemas/answers.ts";
import { BlockBody, PersonParams } from "../../schemas/requests.ts";

export const createBlock = defineOperation({
  id: "createBlock",
  method: "post",
  path: "/v1/coaches/{id}/blocks",
  tag: "Coaches",
  summary: "Block time that nobody may book",
  params: PersonParams,
  body: BlockBody,
  answers: { 201: { description: "The block", schema: Block } },
  handle: (app, context, { params, body }) => create(app, context, { coachId: params.id, ...body }),
  shape: (block) => ({ status: 201, body: block }),
});
