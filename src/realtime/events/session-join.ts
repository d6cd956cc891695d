import { z } from "zod";
import { Participant, RoomEvent, Session, WaitingGuest } from "../../schemas/answers.ts";
import { defineEvent, sessionId } from "./define-event.ts";

const inside = z.object({
  session: Session,
  self: Participant.nullable(),
  participants: z.array(Participant),
  seq: z.int(),
  recovered: z.boolean(),
  events: z.array(RoomEvent),
  waiting: z.array(WaitingGuest).optional(),
});

/**
 * Brings this connection into the room of a session and answers with the room as it stands; every event after the
 * answer's `seq` follows in order. With `after`, the answer carries the events since.
 */
export const sessionJoin = defineEvent({
  name: "session:join",
  summary:
    "Come into the room of a session. Every event after `seq` follows in order; with `after`, the answer carries the " +
    "events since. A guest who has to be admitted is answered `waiting: true`.",
  payload: z.strictObject({ sessionId, after: z.int().min(0).max(2_147_483_647).optional() }),
  answer: z.union([inside, z.object({ waiting: z.literal(true) })]),
  handle: ({ rooms, connection, context }, input) => rooms.join(connection, context, input),
});
