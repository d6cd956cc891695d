import { z } from "zod";
import { renewTicket } from "../../usecases/rooms/renew-ticket.ts";
import { defineEvent } from "./define-event.ts";

/** Gives a ticket that is good for longer, for the same participant. */
export const tokenRenew = defineEvent({
  name: "token:renew",
  summary: "Get a ticket that is good for longer, for the same participant; the connection goes on with it.",
  payload: z.strictObject({}).optional(),
  answer: z.object({ ticket: z.string(), expiresAt: z.iso.datetime() }),
  handle: async ({ app, connection, context }) => {
    const { ticket, expiresAt } = await renewTicket(app, context.principal);
    connection.expiresAt = expiresAt;
    return { answer: { ticket, expiresAt } };
  },
});
