import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type SetupError, readConfig } from "../../src/config.ts";
import { retryAfterMs } from "../../src/domain/retry.ts";

const linesOf = (env: Record<string, string>): readonly string[] => {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    return (error as SetupError).lines;
  }
};

describe("the settings", () => {
  test("have defaults that start on nothing", () => {
    expect(readConfig({})).toMatchObject({
      host: "127.0.0.1",
      port: 3000,
      databaseUrl: null,
      redisUrl: null,
      dataDir: ".courtside",
      roles: ["http", "realtime", "worker"],
      joinEarlyMinutes: 15,
      leaveGraceSeconds: 15,
      autoStart: "both_present",
    });
  });

  test("are refused with one line for each that is wrong, naming the variable", () => {
    const lines = linesOf({
      PORT: "99999",
      DATABASE_URL: "mysql://x",
      ROLES: "http,cook",
      JWT_SECRET: "short",
    });
    expect(lines).toHaveLength(4);
    for (const name of ["PORT", "DATABASE_URL", "ROLES", "JWT_SECRET"]) {
      expect(lines.filter((line) => line.startsWith(`${name}: `))).toHaveLength(1);
    }
  });

  test("never show a secret in a refusal", () => {
    const lines = linesOf({
      JWT_SECRET: "hunter2",
      DATABASE_URL: "mysql://user:hunter2@host/db",
      ADMIN_API_KEY: "hunter2",
    });
    expect(lines).toHaveLength(3);
    expect(lines.join()).not.toContain("hunter2");
  });

  test("need a database in production, and say what to set", () => {
    expect(linesOf({ NODE_ENV: "production" })).toEqual([
      expect.stringMatching(/^DATABASE_URL: must be set/),
    ]);
  });

  test("count an empty value as not set", () => {
    expect(readConfig({ PORT: "", REDIS_URL: "" })).toMatchObject({ port: 3000, redisUrl: null });
  });

  test("keep events for longer than deliveries of them are retried", () => {
    const hour = 3_600_000;
    let longestMs = 0;
    for (let attempts = 1, waitMs = retryAfterMs(1, 1); waitMs !== null; waitMs = retryAfterMs(++attempts, 1))
      longestMs += Math.max(waitMs, hour); // which is how long a receiver may put each of them off
    // A day more, in which an endpoint that was disabled may be enabled again.
    const days = Math.ceil(longestMs / (24 * hour)) + 1;
    expect(readConfig({ KEEP_EVENTS_DAYS: `${days}` }).keepEventsDays).toBe(3);
    expect(linesOf({ KEEP_EVENTS_DAYS: `${days - 1}` })).toEqual([
      expect.stringMatching(/^KEEP_EVENTS_DAYS: must be at least 3/),
    ]);
  });

  test("take a secret from a file, and refuse it twice or from a file that is not there", () => {
    const folder = mkdtempSync(join(tmpdir(), "courtside-config-"));
    try {
      const path = join(folder, "jwt");
      writeFileSync(path, `${"s".repeat(40)}\n`);
      expect(readConfig({ JWT_SECRET_FILE: path }).jwtSecrets).toEqual(["s".repeat(40)]);
      expect(linesOf({ JWT_SECRET_FILE: path, JWT_SECRET: "t".repeat(40) })).toEqual([
        expect.stringMatching(/^JWT_SECRET_FILE: /),
      ]);
      expect(linesOf({ JWT_SECRET_FILE: join(folder, "none") })).toEqual([
        expect.stringMatching(/cannot be read/),
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
