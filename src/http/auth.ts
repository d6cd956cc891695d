import { refuseTicket } from "../domain/access.ts";
import { DomainError } from "../domain/errors.ts";
import type { Principal } from "../domain/principal.ts";
import { openJoinLink } from "../usecases/access/join-links.ts";
import { authenticate } from "../usecases/access/authenticate.ts";
import type { App } from "../usecases/app.ts";

/**
 * Establishes who sent a request, from `Authorization: Bearer` or `X-API-Key`.
 * @throws DomainError `unauthenticated`, `token_expired`
 */
export const authenticateRequest = async (app: App, headers: Headers): Promise<Principal> => {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  const key = headers.get("x-api-key");
  if (headers.has("authorization") && bearer === undefined)
    throw unauthenticated('Authorization takes "Bearer <token>".');
  if (bearer !== undefined && key !== null && bearer !== key)
    throw unauthenticated("Two credentials were sent; send one.");
  const credential = bearer ?? key;
  if (credential === null)
    throw unauthenticated("Send an API key (X-API-Key) or a token (Authorization: Bearer).");
  if (credential.length > 8_192) throw unauthenticated("This credential is not valid.");
  const principal = await authenticate(app, credential);
  refuseTicket(principal);
  return principal;
};

/**
 * Establishes whom a join link in `Authorization: Bearer` is for: they may ask for what a ticket may.
 * @throws DomainError as `openJoinLink` does
 */
export const authenticateJoinLink = async (app: App, headers: Headers): Promise<Principal> => {
  const token = /^Bearer +(\S{1,8192})$/i.exec(headers.get("authorization") ?? "")?.[1];
  if (token === undefined) throw unauthenticated("Send a join link's token (Authorization: Bearer).");
  const { facts, role, participantId, name } = await openJoinLink(app, token);
  return { kind: "ticket", sessionId: facts.sessionId, participantId, role, name };
};

const unauthenticated = (detail: string): DomainError =>
  new DomainError("unauthenticated", "unauthenticated", detail);
