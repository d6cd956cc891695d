import { z } from "zod";
import { forbidden, notFound } from "../../domain/errors.ts";
import { personOf, roomOf } from "../audience.ts";
import { requireMembership } from "../membership.ts";
import { defineEvent, json, nothing, sessionId } from "./define-event.ts";

const maxDataBytes = 12 * 1024;

/** Passes something on to the others in the room, or to one of them; it is stored nowhere. */
export const signal = defineEvent({
  name: "signal",
  summary: "Pass something on to the others in the room, or to one of them: typing, WebRTC. Stored nowhere.",
  payload: z.strictObject({
    sessionId,
    to: z
      .uuid()
      .transform((id) => id.toLowerCase())
      .optional(),
    type: z.string().regex(/^[\w.:-]{1,64}$/, "must be 1 to 64 letters, digits, dashes, dots, colons"),
    data: json(z.unknown(), maxDataBytes),
  }),
  answer: nothing,
  handle: async ({ connection, feed, namespace }, { sessionId: id, to, type, data }) => {
    const { membership, state } = requireMembership(connection, feed, id);
    if (membership.role === "observer") throw forbidden("Observers watch; they send nothing.");
    if (to !== undefined && !state.participants.has(to)) throw notFound("participant");
    const payload = { sessionId: id, from: membership.participantId, ...(to ? { to } : {}), type, data };
    namespace
      .to(to === undefined ? roomOf(id) : personOf(id, to))
      .except(connection.id)
      .emit("signal", payload);
    return { answer: {} };
  },
});
