import { timerMs } from "./backoff.ts";

/** What the client needs to know of a token; nothing of it is verified, that is the hub's to do. */
export type TokenFacts = {
  /** Milliseconds since 1970. */
  expiresAt: number;
  /** From its issue to its end; null when it does not say when it was issued. */
  lifetimeMs: number | null;
  /** It lets one participant into one session, and the hub itself can renew it. */
  isTicket: boolean;
};

/** Reads a JWT's payload. Null for what is none, and for one without an end. */
export const readToken = (token: string): TokenFacts | null => {
  try {
    const [, body = ""] = token.split(".");
    const bytes = atob(body.replaceAll("-", "+").replaceAll("_", "/"));
    const text = new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
    const { exp, iat, aud } = JSON.parse(text) as Record<string, unknown>;
    if (typeof exp !== "number" || !Number.isFinite(exp)) return null;
    return {
      expiresAt: exp * 1000,
      lifetimeMs: typeof iat === "number" && iat < exp ? (exp - iat) * 1000 : null,
      isTicket: [aud].flat().includes("courtside:ticket"),
    };
  } catch {
    return null;
  }
};

/**
 * How long to wait before a token is replaced, in milliseconds: until a fifth of its life is left, at least 5 s.
 * Never less than a tenth of its life, nor than 1 s: a clock that is fast must not make the client ask all the time.
 */
export const refreshDelayMs = ({ expiresAt, lifetimeMs }: TokenFacts, now: number): number => {
  const life = lifetimeMs ?? Math.max(60_000, expiresAt - now);
  const aheadMs = Math.max(5_000, life / 5);
  return timerMs(Math.max(expiresAt - aheadMs - now, life / 10, 1_000));
};
