import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";

const root = join(import.meta.dirname, "..");
const steps: [name: string, command: string, ...args: string[]][] = [
  ["format", "biome", "format", "."],
  ["lint and layers", "oxlint"],
  ["types", "tsc"],
  ["types in a browser", "tsc", "--project", "examples/room-page"],
  ["types of the join page", "tsc", "--project", "src/http/join-page"],
  ["dead code", "knip"],
];

/** Runs every step even after a failure, so one run tells all; shows the output of those that failed. */
let failed = 0;
for (const [name, command, ...args] of steps) {
  const startedAt = performance.now();
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    env: {
      ...process.env,
      PATH: `${join(root, "node_modules/.bin")}${delimiter}${process.env["PATH"] ?? ""}`,
      ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}),
    },
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const ok = result.status === 0;
  if (!ok) {
    failed += 1;
    console.log([result.error?.message, result.stdout, result.stderr].filter(Boolean).join("\n"));
  }
  console.log(`${ok ? "ok    " : "FAILED"} ${name.padEnd(18)} ${seconds} s`);
}
process.exitCode = failed === 0 ? 0 : 1;
