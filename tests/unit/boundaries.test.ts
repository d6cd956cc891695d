import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/**
 * Linters have been seen to pass in silence, for want of a parser or over a wrong path. So the project's own
 * configuration is run once over a tree in which every boundary is broken, and has to object to each line.
 */

const root = join(import.meta.dirname, "../..");
const folders = [
  "domain/",
  "schemas/",
  "db/",
  "coordination/",
  "outbound/",
  "usecases/",
  "http/",
  "realtime/",
  "jobs/",
  "client/",
  "commands/",
];
const all = [...folders, "config.ts", "log.ts", "metrics.ts", "assemble.ts", "hub.ts", "main.ts"];

/** Said again here, not taken from the configuration: a line lost there has to be missed here. */
const mayImport: Record<string, string[]> = {
  "domain/": [],
  "schemas/": ["domain/", "config.ts", "log.ts", "metrics.ts"],
  "db/": ["domain/", "config.ts", "log.ts", "metrics.ts"],
  "coordination/": ["domain/", "config.ts", "log.ts", "metrics.ts"],
  "outbound/": ["domain/", "config.ts", "log.ts", "metrics.ts"],
  "usecases/": ["domain/", "db/", "coordination/", "outbound/", "config.ts", "log.ts", "metrics.ts"],
  "http/": [
    "domain/",
    "schemas/",
    "coordination/",
    "outbound/",
    "usecases/",
    "config.ts",
    "log.ts",
    "metrics.ts",
  ],
  "realtime/": [
    "domain/",
    "schemas/",
    "coordination/",
    "outbound/",
    "usecases/",
    "config.ts",
    "log.ts",
    "metrics.ts",
  ],
  "jobs/": [
    "domain/",
    "schemas/",
    "coordination/",
    "outbound/",
    "usecases/",
    "config.ts",
    "log.ts",
    "metrics.ts",
  ],
  "client/": [],
  "commands/": all.filter((name) => name !== "main.ts"),
  "config.ts": ["domain/", "log.ts", "metrics.ts"],
  "log.ts": ["domain/", "config.ts", "metrics.ts"],
  "metrics.ts": ["domain/", "config.ts", "log.ts"],
  "assemble.ts": [
    "domain/",
    "db/",
    "coordination/",
    "outbound/",
    "usecases/",
    "config.ts",
    "log.ts",
    "metrics.ts",
  ],
  "hub.ts": all.filter((name) => name !== "commands/" && name !== "main.ts"),
  "main.ts": all,
};

type Line = { code: string; refused: boolean };

const refuse = (code: string): Line => ({ code, refused: true });
const accept = (code: string): Line => ({ code, refused: false });

/** Every way to write an import, under names of its own: a linter gives up on a file that declares one twice. */
const importsOf = (path: string, refused: boolean, number: number): Line[] => [
  { code: `import { a${number} } from "${path}";`, refused },
  { code: `import type { B${number} } from "${path}";`, refused },
  { code: `import { type C${number} } from "${path}";`, refused },
  { code: `import "${path}";`, refused },
  { code: `export { d${number} } from "${path}";`, refused },
  { code: `export type { E${number} } from "${path}";`, refused },
  { code: `export * from "${path}";`, refused },
  { code: `export const f${number} = await import("${path}");`, refused },
  refuse(`export type G${number} = import("${path}").G;`), // wherever it leads: the boundaries cannot see it
];

const plantedImports = (layer: string, up: string): Line[] =>
  all
    .filter((target) => target !== layer)
    .flatMap((target, number) => {
      const path = target.endsWith("/") ? `${up}${target}some/thing.ts` : `${up}${target}`;
      return importsOf(path, !mayImport[layer]?.includes(target), number);
    });

/** The files planted for one layer: at its top and deep inside, where a path climbs further. */
const placesIn = (layer: string): [file: string, up: string][] =>
  layer.endsWith("/")
    ? [
        [`src/${layer}planted.ts`, "../"],
        [`src/${layer}deep/er/planted.ts`, "../../../"],
      ]
    : [[`src/${layer}`, "./"]];

const layers: Record<string, Line[]> = Object.fromEntries(
  Object.keys(mayImport).flatMap((layer) =>
    placesIn(layer).map(([file, up]) => [file, plantedImports(layer, up)]),
  ),
);

const environment = [
  'process.env["PORT"];',
  "process.env.PORT;",
  "const { env } = process;",
  "globalThis.process.env;",
  'Deno.env.get("PORT");',
  'import { env as other } from "node:process";',
  'import process2 from "process";',
  "process.exit(1);",
];

const others: Record<string, Line[]> = {
  "src/domain/packages.ts": [
    accept('import "temporal-polyfill";'),
    accept('import "temporal-polyfill/global";'),
    accept('import "./other.ts";'),
    refuse('import "temporal-polyfill-else";'),
    refuse('import "zod";'),
    refuse('import "node:crypto";'),
  ],
  "src/client/packages.ts": [
    accept('import "socket.io-client";'),
    refuse('import "socket.io";'),
    refuse('import "zod";'),
    refuse('import "node:events";'),
  ],
  "src/http/routes/bookings/paths.ts": [
    accept('import "../../problem.ts";'),
    accept('import "./../../../domain/booking.ts";'),
    refuse('import "./../../../db/bookings.ts";'),
    refuse('import "../../../usecases/../db/bookings.ts";'),
    refuse('import "../../../../src/db/bookings.ts";'),
    refuse('import "/srv/src/db/bookings.ts";'),
    refuse('import "file:///srv/src/db/bookings.ts";'),
  ],
  "src/usecases/environment.ts": environment.map(refuse),
  "src/hub-environment.ts": environment.filter((code) => !code.startsWith("import")).map(refuse),
  "tests/unit/anything.test.ts": [
    ...all.map((name) => accept(`import "../../src/${name}${name.endsWith("/") ? "thing.ts" : ""}";`)),
    ...environment.map(accept),
  ],
  "src/usecases/promises.ts": [
    accept("export const later = async (): Promise<void> => {};"),
    accept("await later();"),
    accept("void later();"),
    refuse("later();"),
    refuse("later().then(() => {});"),
    refuse("[1].forEach(async () => later());"),
  ],
  "src/jobs/cycle.ts": [refuse('import "./cycle-back.ts";')],
  "src/jobs/cycle-back.ts": [refuse('import "./cycle.ts";')],
  "src/jobs/cycle-of-types.ts": [
    refuse('import type { B } from "./cycle-of-types-back.ts";'),
    accept("export type A = B[];"),
  ],
  "src/jobs/cycle-of-types-back.ts": [
    refuse('import type { A } from "./cycle-of-types.ts";'),
    accept("export type B = A[];"),
  ],
};

const boundaryRules =
  /no-restricted-(imports|properties|globals)|consistent-type-imports|no-(floating|misused)-promises|no-cycle/;

/** What the linter refused: `file:line` of each objection by a rule that guards a boundary. */
const refusals = new Set<string>();
/** Files in which it refused the last line, as every linter would: proof that it read them. */
const read = new Set<string>();
let tree = "";

beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), "courtside-boundaries-"));
  for (const file of ["oxlint.config.ts", "tsconfig.json", "package.json"]) {
    await copyFile(join(root, file), join(tree, file));
  }
  await symlink(join(root, "node_modules"), join(tree, "node_modules"));
  for (const [file, lines] of Object.entries({ ...layers, ...others })) {
    await mkdir(dirname(join(tree, file)), { recursive: true });
    await writeFile(join(tree, file), [...lines.map(({ code }) => code), "var canary = 1;"].join("\n"));
  }
  for (const { file, line, rule } of await lint(tree)) {
    // The layers are planted to import one another, so there the cycles prove nothing.
    const counts = boundaryRules.test(rule) && !(rule.includes("no-cycle") && file in layers);
    if (counts) refusals.add(`${file}:${line}`);
    if (rule.includes("no-var")) read.add(file);
  }
});

afterAll(() => rm(tree, { recursive: true, force: true }));

/** Runs the linter as `npm run check` does: same options, the project's own Node. */
const lint = (cwd: string): Promise<{ file: string; line: number; rule: string }[]> =>
  new Promise((resolve, reject) => {
    const bin = join(root, "node_modules");
    const args = [join(bin, "oxlint/bin/oxlint"), "--format=unix"];
    execFile(join(bin, ".bin/node"), args, { cwd, maxBuffer: 64_000_000 }, (_error, stdout, stderr) => {
      const found = [...stdout.matchAll(/^(.+?):(\d+):\d+: .* \[Error\/(.+)\]$/gm)];
      if (found.length === 0) reject(new Error(`oxlint said nothing of use:\n${stdout}\n${stderr}`));
      resolve(found.map(([, file = "", line, rule = ""]) => ({ file, line: Number(line), rule })));
    });
  });

const expectVerdicts = (file: string, lines: Line[]) => {
  expect(read, "files the linter read").toContain(file);
  const verdicts = lines.map(({ code }, index) => ({ code, refused: refusals.has(`${file}:${index + 1}`) }));
  expect(verdicts).toEqual(lines);
};

describe("a layer may import what the architecture says and nothing else", () => {
  test.each(Object.entries(layers))("%s", expectVerdicts);
});

describe("the linter tells right from wrong", () => {
  test.each(Object.entries(others))("%s", expectVerdicts);
});

test("everything in src/ has a layer", async () => {
  const entries = await readdir(join(root, "src"), { withFileTypes: true });
  const found = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  expect(all).toEqual(expect.arrayContaining(found));
});

test("no boundary is switched off by a comment", async () => {
  const switchedOff: string[] = [];
  for (const file of await readdir(join(root, "src"), { recursive: true })) {
    if (!file.endsWith(".ts")) continue;
    const lines = (await readFile(join(root, "src", file), "utf8")).split("\n");
    switchedOff.push(...lines.filter((line) => /lint-disable/.test(line) && boundaryRules.test(line)));
  }
  expect(switchedOff).toEqual([]);
});
