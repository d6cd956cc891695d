import { removeParticipant as remove } from "../../../usecases/rooms/remove.ts";
import { defineOperation } from "../../operation.ts";
import { ParticipantParams } from "../../schemas/requests.ts";

export const removeParticipant = defineOperation({
  id: "removeParticipant",
  method: "delete",
  path: "/v1/sessions/{id}/participants/{participantId}",
  tag: "Sessions",
  summary: "Send somebody out of the room",
  description:
    "They leave at once, on every node, and stay out whatever credential they have, until admitted.",
  params: ParticipantParams,
  answers: { 204: { description: "They are out, and barred" } },
  handle: (app, context, { params: { id, participantId } }) =>
    remove(app, context, { sessionId: id, participantId }),
  shape: () => ({ status: 204, body: null }),
});
