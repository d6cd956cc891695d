import { updateSessionType as update } from "../../../usecases/session-types/update.ts";
import { defineOperation } from "../../operation.ts";
import { SessionType } from "../../../schemas/answers.ts";
import { IdParams, UpdateSessionTypeBody } from "../../schemas/requests.ts";

export const updateSessionType = defineOperation({
  id: "updateSessionType",
  method: "patch",
  path: "/v1/session-types/{id}",
  tag: "Session types",
  summary: "Change a session type",
  params: IdParams,
  body: UpdateSessionTypeBody,
  answers: { 200: { description: "The session type", schema: SessionType } },
  handle: (app, context, { params, body }) => update(app, context, { id: params.id, changes: body }),
  shape: (type) => ({ status: 200, body: type, version: type.version }),
});
