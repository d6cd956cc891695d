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

/** Who signs tickets and join links, and what each is good for: a user's token carries none of these. */
const hubIssuer = "courtside";
const ticketAudience = "courtside:ticket";
const joinLinkAudience = "courtside:join-link";

/** Verifies users' tokens, and signs and verifies tickets and join links. */
export type Tokens = {
  /** @throws DomainError `unauthenticated` or `token_expired` */
  verifyUser(token: string): Promise<JWTPayload>;
  /** @throws DomainError `unauthenticated` or `token_expired` */
  verifyTicket(token: string): Promise<JWTPayload>;
  /** Signs a ticket; `subject` is the participant's id. */
  signTicket(claims: Record<string, unknown>, subject: string, expiresAt: Date): Promise<string>;
  /** Verifies that this hub signed it as a join link; whether it is void is for others to say. Throws as above. */
  verifyJoinLink(token: string): Promise<JWTPayload>;
  /** Signs a join link; `subject` is the participant's id. */
  signJoinLink(claims: Record<string, unknown>, subject: string, expiresAt: Date): Promise<string>;
  /** Signs a user's token, for the command line and demos. Null when users' tokens come from elsewhere (JWKS). */
  signUser: ((claims: Record<string, unknown>, subject: string, expiresAt: Date) => Promise<string>) | null;
  /** True for a token that says it is a ticket; its signature has yet to be verified. */
  looksLikeTicket(token: string): boolean;
};

/**
 * @param hubSecret the secret that all nodes of this hub share: signs tickets and join links, and users' tokens where neither
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
    // Those are signed by the hub's own secret too, where that serves users: they must never pass for a user.
    if (isFor(payload, ticketAudience) || isFor(payload, joinLinkAudience)) throw unauthenticated();
    return payload;
  };
  const verifyOwn = (token: string, audience: string): Promise<JWTPayload> =>
    verifyWithAny(token, [ticketKey], { issuer: hubIssuer, audience, requiredClaims: ["exp", "sub"] });
  const signOwn =
    (aud: string) =>
    (claims: Record<string, unknown>, subject: string, expiresAt: Date): Promise<string> =>
      sign({ ...claims, iss: hubIssuer, aud }, { subject, expiresAt, key: ticketKey });

  return {
    verifyUser,
    verifyTicket: (token) => verifyOwn(token, ticketAudience),
    signTicket: signOwn(ticketAudience),
    verifyJoinLink: (token) => verifyOwn(token, joinLinkAudience),
    signJoinLink: signOwn(joinLinkAudience),
    signUser: remoteKeys
      ? null
      : (claims, subject, expiresAt) =>
          sign({ ...claims, ...userClaims }, { subject, expiresAt, key: sharedKeys[0] ?? ticketKey }),
    looksLikeTicket: (token) => {
      try {
        return isFor(decodeJwt(token), ticketAudience);
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

const isFor = (payload: JWTPayload, audience: string): boolean => [payload.aud].flat().includes(audience);

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
