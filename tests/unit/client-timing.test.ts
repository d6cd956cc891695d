import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backoffMs, defaultBackoff } from "../../src/client/backoff.ts";
import { readToken, refreshDelayMs } from "../../src/client/token.ts";

const bounds = { minMs: 100, maxMs: 2_000 };

describe("waits between attempts", () => {
  test("are anything from nothing to a bound that doubles up to the longest", () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.double({ min: 0, max: 1, noNaN: true }), (failures, chance) => {
        const ms = backoffMs(failures, bounds, () => chance);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(Math.min(bounds.maxMs, bounds.minMs * 2 ** failures));
      }),
    );
    expect([0, 1, 2, 3, 9].map((failures) => backoffMs(failures, bounds, () => 1))).toEqual([
      100, 200, 400, 800, 2_000,
    ]);
    expect(backoffMs(3, bounds, () => 0)).toBe(0);
  });

  test("are seldom the same twice", () => {
    const waits = new Set(Array.from({ length: 100 }, () => backoffMs(8, defaultBackoff)));
    expect(waits.size).toBeGreaterThan(80);
  });
});

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (claims: unknown): string => `${part({ alg: "HS256" })}.${part(claims)}.signature`;

describe("a token", () => {
  test("tells when it ends, how long it lives and whether it is a ticket", () => {
    expect(readToken(jwt({ sub: "ada", name: "Zoë ☂", iat: 1_000, exp: 1_600 }))).toEqual({
      expiresAt: 1_600_000,
      lifetimeMs: 600_000,
      isTicket: false,
    });
    expect(readToken(jwt({ aud: "courtside:ticket", exp: 5 }))).toEqual({
      expiresAt: 5_000,
      lifetimeMs: null,
      isTicket: true,
    });
    expect(readToken(jwt({ aud: ["other", "courtside:ticket"], exp: 5 }))?.isTicket).toBe(true);
  });

  test("that is none, or has no end, is taken as it is", () => {
    for (const token of ["", "opaque", "a.b.c", "..", jwt({}), jwt({ exp: "soon" }), jwt(null), "é.é.é"]) {
      expect(readToken(token)).toBeNull();
    }
    fc.assert(fc.property(fc.string(), (token) => void readToken(token)));
  });

  test("is replaced when a fifth of its life is left, five seconds at least, and never in a tight loop", () => {
    const now = 1_000_000;
    const delay = (leftMs: number, lifetimeMs: number | null): number =>
      refreshDelayMs({ expiresAt: now + leftMs, lifetimeMs, isTicket: false }, now);
    expect(delay(600_000, 600_000)).toBe(480_000);
    expect(delay(300_000, 600_000)).toBe(180_000);
    expect(delay(10_000, 10_000)).toBe(5_000);
    expect(delay(600_000, null)).toBe(480_000);
    // Too short for five seconds, or over by a clock that is fast.
    expect(delay(3_000, 3_000)).toBe(1_000);
    expect(delay(-900_000, 600_000)).toBe(60_000);
    expect(delay(-900_000, null)).toBe(6_000);
    expect(delay(1e15, 1e15)).toBe(2_147_483_647);
  });
});
