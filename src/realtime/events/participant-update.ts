import { z } from "zod";
import { forbidden } from "../../domain/errors.ts";
import { updateState } from "../../usecases/rooms/update-state.ts";
import { requireMembership } from "../membership.ts";
import { defineEvent, json, nothing, sessionId } from "./define-event.ts";

const maxStateBytes = 1024;

/** Replaces what a person shows the room, such as a raised hand. */
export const participantUpdate = defineEvent({
  name: "participant:update",
  summary:
    "Replace what you show the room of yourself, such as a raised hand: any object, 1 KiB as JSON at most.",
  payload: z.strictObject({ sessionId, state: json(z.record(z.string(), z.unknown()), maxStateBytes) }),
  answer: nothing,
  handle: async ({ app, connection, feed }, { sessionId: id, state }) => {
    const { membership } = requireMembership(connection, feed, id);
    if (membership.role === "observer") throw forbidden("Observers watch; they send nothing.");
    await updateState(app, membership, state as Record<string, unknown>);
    return { answer: {} };
  },
});
