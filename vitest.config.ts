import { defineConfig } from "vitest/config";

const folder = (name: string, test: object = {}) => ({
  extends: true as const,
  test: { name, include: [`tests/${name}/**/*.test.ts`], ...test },
});

/** One Postgres and one Redis for the whole run (globalSetup); each file takes a database and a prefix of its own. */
export default defineConfig({
  test: {
    globalSetup: ["tests/support/global-setup.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 15_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    allowOnly: !process.env["CI"],
    passWithNoTests: false,
    projects: [
      folder("unit"),
      folder("property", { testTimeout: 30_000 }),
      folder("integration"),
      // Whole hubs, measured by the clock: after all others and one file at a time.
      folder("e2e", { testTimeout: 60_000, fileParallelism: false, sequence: { groupOrder: 1 } }),
      // Chromium, on the example page: last, one file at a time.
      folder("browser", { testTimeout: 60_000, fileParallelism: false, sequence: { groupOrder: 2 } }),
      // Minutes of faults under load, for `npm run test:faults` alone.
      folder("faults", {
        testTimeout: 180_000,
        fileParallelism: false,
        sequence: { groupOrder: 3 },
        provide: { faultsSeed: Number(process.env["FAULTS_SEED"] ?? Math.floor(Math.random() * 1e9)) },
      }),
    ],
  },
});
