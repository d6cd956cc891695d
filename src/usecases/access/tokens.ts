import { type KeyObject, createSecretKey } from "node:crypto";
import {
  type JWTPayload,
  type JWTVerifyOptions,
  SignJWT,
  createRemoteJWKSet,
  decodeJwt,
  errors,
  jwtVerify,
} from "jose";
import type { Config } from "../../config.ts";
import { DomainError } from "../../domain/errors.ts";

/** Who signs tickets, and whom they are for: a user's token carries neither. */
const ticketIssuer = "courtside";
const ticketAudience = "courtside:ticket";

/** Verifies users' tokens, and signs and verifies tickets. */
export type Tokens = {
  /** @throws DomainError `unauthenticated` or `token_expired` */
  verifyUser(token: string): Promise<JWTPayload>;
  /** @throws DomainError `unauthenticated` or `token_expired` */
  verifyTicket(token: string): Promise<JWTPayload>;
  /** Signs a ticket; `subject` is the participant's id. */
  signTicket(claims: Record<string, unknown>, subject: string, expiresAt: Date): Promise<string>;
  /** Signs a user's token, for the command line and demos. Null when users' tokens come from elsewhere (JWKS). */
  signUser: ((claims: Record<string, unknown>, subject: string, expiresAt: Date) => Promise<string>) | null;
  /** True for a token that says it is a ticket; its signature has yet to be verified. */
  looksLikeTicket(token: string): boolean;
};

/**
 * @param hubSecret the secret that all nodes of this hub share: signs tickets, and users' tokens where neither
 *   `JWT_SECRET` nor `JWKS_URL` is set
 */
export const createTokens = (config: Config, hubSecret: string): Tokens => {
  const ticketKey = keyOf(hubSecret);
  const sharedKeys = config.jwtSecrets.length > 0 ? config.jwtSecrets.map(keyOf) : [ticketKey];
  const remoteKeys = config.jwksUrl ? createRemoteJWKSet(new URL(config.jwksUrl)) : null;
  const options: JWTVerifyOptions = {
    requiredClaims: ["exp", "sub"],
    clockTolerance: 5,
    ...(config.jwtIssuer ? { issuer: config.jwtIssuer } : {}),
    ...(config.jwtAudience ? { audience: config.jwtAudience } : {}),
  };
  const userClaims = {
    ...(config.jwtIssuer ? { iss: config.jwtIssuer } : {}),
    ...(config.jwtAudience ? { aud: config.jwtAudience } : {}),
  };

  const verifyUser = async (token: string): Promise<JWTPayload> => {
    const payload = remoteKeys
      ? // Asymmetric only: with HS256 allowed, a public key would do as a secret.
        (await verified(() => jwtVerify(token, remoteKeys, { ...options, algorithms: asymmetric }))).payload
      : await verifyWithAny(token, sharedKeys, options);
    // A ticket is signed by the hub's own secret too, where that serves users: it must never pass for a user.
    if (isTicket(payload)) throw unauthenticated();
    return payload;
  };

  return {
    verifyUser,
    verifyTicket: (token) =>
      verifyWithAny(token, [ticketKey], {
        issuer: ticketIssuer,
        audience: ticketAudience,
        requiredClaims: ["exp", "sub"],
      }),
    signTicket: (claims, subject, expiresAt) =>
      sign({ ...claims, iss: ticketIssuer, aud: ticketAudience }, { subject, expiresAt, key: ticketKey }),
    signUser: remoteKeys
      ? null
      : (claims, subject, expiresAt) =>
          sign({ ...claims, ...userClaims }, { subject, expiresAt, key: sharedKeys[0] ?? ticketKey }),
    looksLikeTicket: (token) => {
      try {
        return isTicket(decodeJwt(token));
      } catch {
        return false;
      }
    },
  };
};

/** As an object, which is imported once; bytes are imported at each signature that is verified. */
const keyOf = (secret: string): KeyObject => createSecretKey(secret, "utf8");

const asymmetric = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];

const isTicket = (payload: JWTPayload): boolean => [payload.aud].flat().includes(ticketAudience);

type Signature = { subject: string; expiresAt: Date; key: KeyObject };

const sign = (claims: Record<string, unknown>, { subject, expiresAt, key }: Signature): Promise<string> =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(subject)
    .setIssuedAt()
    .setExpirationTime(expiresAt)
    .sign(key);

/** Tries each secret, since several are good while they rotate. */
const verifyWithAny = async (
  token: string,
  keys: readonly KeyObject[],
  options: JWTVerifyOptions,
): Promise<JWTPayload> => {
  let refusal: unknown;
  for (const key of keys) {
    try {
      return (await verified(() => jwtVerify(token, key, { ...options, algorithms: ["HS256"] }))).payload;
    } catch (error) {
      refusal = error;
      if (error instanceof DomainError && error.code === "token_expired") break;
    }
  }
  throw refusal;
};

const verified = async <T>(verify: () => Promise<T>): Promise<T> => {
  try {
    return await verify();
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      throw new DomainError("unauthenticated", "token_expired", "This token has expired.", { cause: error });
    }
    // The key set is somewhere else: that it cannot be had is no fault of the caller's token.
    if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) {
      throw new DomainError("unavailable", "unavailable", "Tokens cannot be verified at this moment.", {
        cause: error,
      });
    }
    throw unauthenticated(error);
  }
};

const unauthenticated = (cause?: unknown): DomainError =>
  new DomainError("unauthenticated", "unauthenticated", "This credential is not valid.", { cause });
