import { z } from "@hono/zod-openapi";
import type { RoomEventType } from "../domain/room.ts";
import { Participant, RoomEvent, Session, Summary, moment } from "./answers.ts";

const actor = z.object({
  type: z.enum(["coach", "client", "guest", "observer", "key", "system"]),
  id: z.string(),
  name: z.string().optional(),
});

const transition = z.object({ session: Session, reason: z.string().optional() });

/** What each durable event of a room carries as `data`. */
const eventData = {
  "session:scheduled": z.object({ session: Session }),
  "session:rescheduled": z.object({ session: Session }),
  "session:started": transition,
  "session:ended": transition,
  "session:cancelled": transition,
  "session:no_show": transition.extend({ absent: z.enum(["coach", "client", "both"]) }),
  "session:corrected": z.object({
    session: Session,
    from: z.enum(["completed", "no_show"]),
    by: actor,
    reason: z.string(),
  }),
  "participant:joined": Participant.pick({ participantId: true, role: true, name: true, joinedAt: true }),
  "participant:left": z.object({
    participantId: z.uuid(),
    reason: z.enum(["left", "lost", "removed", "closed"]),
    leftAt: moment,
  }),
  "participant:removed": z.object({ participantId: z.uuid(), by: actor }),
  "message:posted": z.object({
    messageId: z.uuid(),
    participantId: z.uuid(),
    name: z.string(),
    text: z.string(),
    clientMessageId: z.string().optional(),
  }),
  "summary:ready": z.object({ summary: Summary }),
} as const satisfies Record<RoomEventType, z.ZodType>;

/** Every durable event of a room, by its type. */
export const roomEvents: Record<string, z.ZodType> = Object.fromEntries(
  Object.entries(eventData).map(([type, data]) => [
    type,
    z.object({ ...RoomEvent.shape, type: z.literal(type), actor, data }),
  ]),
);
