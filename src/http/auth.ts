import { refuseTicket } from "../domain/access.ts";
import { DomainError } from "../domain/errors.ts";
import type { Principal } from "../domain/principal.ts";
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

const unauthenticated = (detail: string): DomainError =>
  new DomainError("unauthenticated", "unauthenticated", detail);
