import { deleteBlock as remove } from "../../../usecases/blocks/delete.ts";
import { defineOperation } from "../../operation.ts";
import { BlockParams } from "../../schemas/requests.ts";

export const deleteBlock = defineOperation({
  id: "deleteBlock",
  method: "delete",
  path: "/v1/coaches/{id}/blocks/{blockId}",
  tag: "Coaches",
  summary: "Take a block away",
  params: BlockParams,
  answers: { 204: { description: "The time is free again" } },
  handle: (app, context, { params }) => remove(app, context, { coachId: params.id, blockId: params.blockId }),
  shape: () => ({ status: 204, body: null }),
});
