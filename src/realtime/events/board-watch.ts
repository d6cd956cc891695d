import { z } from "zod";
import { Participant, Session, WaitingGuest } from "../../schemas/answers.ts";
import { defineEvent } from "./define-event.ts";

const onBoard = z.object({
  session: Session,
  participants: z.array(Participant),
  seq: z.int(),
  waiting: z.array(WaitingGuest),
});

/** Shows a coach their sessions of today, or an admin everybody's, and tells what happens in them. */
export const boardWatch = defineEvent({
  name: "board:watch",
  summary:
    "Watch the sessions of a coach, or as an admin everybody's: those of today as they stand, then every event of " +
    "theirs.",
  payload: z.strictObject({}).optional(),
  answer: z.object({ sessions: z.array(onBoard) }),
  handle: ({ boards, connection }) => boards.watch(connection),
});
