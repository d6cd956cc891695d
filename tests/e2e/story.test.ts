import { expect, inject, test } from "vitest";
import { runCommand } from "../support/hub-process.ts";

test.each([
  ["node", false],
  ["node", true],
  ["deno", false],
  ["deno", true],
] as const)(
  "on %s the demo tells the whole story and all of it is true (with Redis: %s)",
  async (runtime, withRedis) => {
    const env: Record<string, string> = withRedis ? { REDIS_URL: inject("redisUrl") } : {};
    const { code, stdout, stderr } = await runCommand(["demo"], { env, runtime });
    expect(stderr).toBe("");
    expect(stdout).not.toContain("NOT TRUE");
    expect(stdout).toContain("Everything above was checked as it happened, and was true.");
    expect(code).toBe(0);
  },
);
