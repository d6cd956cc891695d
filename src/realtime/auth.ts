import type { Socket } from "socket.io";
import { z } from "zod";
import type { Principal } from "../domain/principal.ts";
import { authenticateSocket } from "../usecases/access/authenticate.ts";
import type { App } from "../usecases/app.ts";
import { refusalOf } from "../usecases/failures.ts";

/** What the client's `connect_error` carries beside its message. */
type Refusal = Error & { data: { code: string; retryAfterMs?: number } };

/** Who somebody is, and until when. */
export type Credential = { principal: Principal; expiresAt: Date };

const handshake = z.object({ token: z.string().min(1).max(8_192) });

/**
 * Establishes who opens a socket, from `auth: { token }`.
 * @throws an error that Socket.IO shows the client as `connect_error`, with `data.code`
 */
export const authenticateHandshake = async (app: App, socket: Socket): Promise<Credential> => {
  const given = handshake.safeParse(socket.handshake.auth);
  if (!given.success) {
    throw refuse("A socket needs auth: { token }, with a user's token or a ticket.", {
      code: "unauthenticated",
    });
  }
  try {
    return await authenticateSocket(app, given.data.token);
  } catch (error) {
    const refusal = refusalOf(error);
    if (!refusal) {
      app.log.error({ err: error }, "a socket could not be authenticated");
      throw refuse("Something went wrong on our side.", { code: "internal" });
    }
    const { retryAfterMs } = refusal.facts;
    throw refuse(refusal.detail, {
      code: refusal.code,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }
};

export const refuse = (message: string, data: Refusal["data"]): Refusal =>
  Object.assign(new Error(message), { data });
