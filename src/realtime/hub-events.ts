import { z } from "zod";
import { Participant, Session, WaitingGuest } from "../schemas/answers.ts";
import { roomEvents } from "../schemas/room-events.ts";
import { closings } from "./closing.ts";

const sessionId = z.uuid();
const participantId = z.uuid();
const { status, connections, state } = Participant.shape;

/** What passes: not in the log, and without a seq. */
const passingEvents = {
  "presence:changed": {
    summary: "How somebody in the room can be reached is not what it was.",
    payload: z.strictObject({ sessionId, participantId, status, connections }),
  },
  "participant:updated": {
    summary: "Somebody shows something else of themselves.",
    payload: z.strictObject({ sessionId, participantId, state }),
  },
  "participant:waiting": {
    summary: "A guest waits in the lobby, or waits no more. To the coach in the room, and to boards.",
    payload: z.strictObject({ sessionId, ...WaitingGuest.shape, waiting: z.boolean() }),
  },
  "admission:granted": {
    summary: "You were let in: the room as it stands. Every event after `seq` follows.",
    payload: z.strictObject({
      sessionId,
      session: Session,
      self: Participant.nullable(),
      participants: z.array(Participant),
      seq: z.int(),
    }),
  },
  "admission:refused": {
    summary: "You were not let in, and wait no more.",
    payload: z.strictObject({ sessionId, code: z.string(), message: z.string() }),
  },
  signal: {
    summary: "What another one in the room passed on. Not to the connection that sent it.",
    payload: z.strictObject({
      sessionId,
      from: participantId,
      to: participantId.optional(),
      type: z.string(),
      data: z.unknown(),
    }),
  },
  "hub:draining": {
    summary: "This node closes: your connection ends in about this time, and another node takes it.",
    payload: z.strictObject({ reconnectInMs: z.int() }),
  },
  "connection:closing": {
    summary:
      "The hub closes this connection now. `reconnect`: whether to come back with the same credential.",
    payload: z.strictObject({
      code: z.enum(Object.keys(closings) as [keyof typeof closings, ...(keyof typeof closings)[]]),
      message: z.string(),
      reconnect: z.boolean(),
    }),
  },
} as const satisfies Record<string, { summary: string; payload: z.ZodType }>;

const durable = Object.entries(roomEvents).map(
  ([name, payload]) =>
    [name, { summary: "Durable: in the room's log, in order, without a gap.", payload }] as const,
);

/** Every event that the hub sends, by its name. */
export const hubEvents: Record<string, { summary: string; payload: z.ZodType }> = {
  ...Object.fromEntries(durable),
  ...passingEvents,
};
