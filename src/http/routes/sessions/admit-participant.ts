import { z } from "@hono/zod-openapi";
import { admitParticipant as admit } from "../../../usecases/rooms/admit.ts";
import { defineOperation } from "../../operation.ts";
import { ParticipantParams } from "../../schemas/requests.ts";

export const admitParticipant = defineOperation({
  id: "admitParticipant",
  method: "post",
  path: "/v1/sessions/{id}/participants/{participantId}/admit",
  tag: "Sessions",
  summary: "Let somebody in who waits in the lobby, or who was removed",
  params: ParticipantParams,
  answers: {
    200: {
      description: "They may come in; who waits is in the room a moment later",
      schema: z.object({ participantId: z.uuid(), status: z.literal("admitted") }),
    },
  },
  handle: (app, context, { params: { id, participantId } }) =>
    admit(app, context, { sessionId: id, participantId }),
  shape: (admitted) => ({ status: 200, body: admitted }),
});
