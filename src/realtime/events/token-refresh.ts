import { z } from "zod";
import { forbidden } from "../../domain/errors.ts";
import { callerOf } from "../../domain/principal.ts";
import { authenticateSocket } from "../../usecases/access/authenticate.ts";
import { defineEvent } from "./define-event.ts";

/** Goes on under a new token of the same person. */
export const tokenRefresh = defineEvent({
  name: "token:refresh",
  summary: "Go on with a new token of the same person. A connection whose token ends is closed.",
  payload: z.strictObject({ token: z.string().min(1).max(8_192) }),
  answer: z.object({ expiresAt: z.iso.datetime() }),
  handle: async ({ app, connection }, { token }) => {
    const { principal, expiresAt } = await authenticateSocket(app, token);
    if (callerOf(principal) !== callerOf(connection.principal))
      throw forbidden("This token is another person's: connect with it.");
    connection.principal = principal;
    connection.expiresAt = expiresAt;
    return { answer: { expiresAt } };
  },
});
