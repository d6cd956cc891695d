import { z } from "zod";
import { DomainError } from "../../domain/errors.ts";
import type { Principal, TicketPrincipal } from "../../domain/principal.ts";
import type { App } from "../app.ts";
import { findClientByRef, findCoachByRef } from "../references.ts";

const userClaims = z.object({
  sub: z.string().min(1).max(300),
  role: z.enum(["coach", "client", "admin"]),
  name: z.string().max(200).optional(),
});

const ticketClaims = z.object({
  sub: z.uuid(),
  sid: z.uuid(),
  role: z.enum(["coach", "client", "guest", "observer"]),
  name: z.string(),
});

/**
 * Establishes who presents a credential: an API key (`ck_…`), a user's token or a ticket.
 * @throws DomainError `unauthenticated` when it is none that this hub knows, `token_expired` when its time is over
 */
export const authenticate = async (app: App, credential: string): Promise<Principal> => {
  if (credential.startsWith("ck_")) return authenticateKey(app, credential);
  if (app.tokens.looksLikeTicket(credential)) return (await authenticateTicket(app, credential)).principal;
  return (await authenticateUser(app, credential)).principal;
};

/**
 * Establishes who opens a socket: a user's token or a ticket, never an API key.
 * @returns the principal, and when the credential ends
 * @throws DomainError as {@link authenticate} does
 */
export const authenticateSocket = (
  app: App,
  credential: string,
): Promise<{ principal: Principal; expiresAt: Date }> => {
  if (credential.startsWith("ck_")) {
    throw new DomainError(
      "unauthenticated",
      "unauthenticated",
      "A socket takes a user's token or a ticket, no API key.",
    );
  }
  return app.tokens.looksLikeTicket(credential)
    ? authenticateTicket(app, credential)
    : authenticateUser(app, credential);
};

const authenticateKey = async (app: App, key: string): Promise<Principal> => {
  const principal = await app.keyring.find(key);
  if (!principal) throw new DomainError("unauthenticated", "unauthenticated", "This API key is not valid.");
  return principal;
};

const authenticateTicket = async (
  app: App,
  ticket: string,
): Promise<{ principal: TicketPrincipal; expiresAt: Date }> => {
  const payload = await app.tokens.verifyTicket(ticket);
  const { sub, sid, role, name } = ticketClaims.parse(payload);
  return {
    principal: { kind: "ticket", sessionId: sid, participantId: sub, role, name },
    expiresAt: new Date((payload.exp ?? 0) * 1000),
  };
};

const authenticateUser = async (
  app: App,
  token: string,
): Promise<{ principal: Principal; expiresAt: Date }> => {
  const payload = await app.tokens.verifyUser(token);
  const claims = userClaims.safeParse(payload);
  if (!claims.success) {
    const detail = 'A token needs the claims "sub", "exp" and "role" (coach, client or admin).';
    throw new DomainError("unauthenticated", "unauthenticated", detail);
  }
  const { sub, role, name = null } = claims.data;
  const expiresAt = new Date((payload.exp ?? 0) * 1000);
  if (role === "admin") return { principal: { kind: "user", role, id: sub, name }, expiresAt };
  const person = role === "coach" ? await findCoachByRef(app.sql, sub) : await findClientByRef(app.sql, sub);
  if (!person) {
    throw new DomainError(
      "unauthenticated",
      "unauthenticated",
      `This token's subject is no ${role} of this hub.`,
    );
  }
  return { principal: { kind: "user", role, id: person.id, name: name ?? person.name }, expiresAt };
};
