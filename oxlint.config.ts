import { defineConfig, type OxlintConfig } from "oxlint";

type Override = NonNullable<OxlintConfig["overrides"]>[number];

const ground = ["domain/", "config.ts", "log.ts", "metrics.ts"];
const doors = [...ground, "schemas/", "coordination/", "outbound/", "usecases/"];
const everything = [...doors, "db/", "http/", "realtime/", "jobs/", "client/"];

/**
 * Who may import whom, besides itself, by name in src/ (main.ts may import all). Whatever is not listed is
 * forbidden, so a new folder or file in src/ starts here. tests/unit/boundaries.test.ts plants a breach of each
 * and expects an objection.
 */
const layers: Record<string, { may: readonly string[]; onlyPackage?: string }> = {
  "domain/": { may: [], onlyPackage: "temporal-polyfill" },
  "schemas/": { may: ground },
  "db/": { may: ground },
  "coordination/": { may: ground },
  "outbound/": { may: ground },
  "usecases/": { may: [...ground, "db/", "coordination/", "outbound/"] },
  "http/": { may: doors },
  "realtime/": { may: doors },
  "jobs/": { may: doors },
  "client/": { may: [], onlyPackage: "socket.io-client" },
  "config.ts": { may: ground },
  "log.ts": { may: ground },
  "metrics.ts": { may: ground },
  "assemble.ts": { may: [...ground, "db/", "coordination/", "outbound/", "usecases/"] },
  "hub.ts": { may: [...everything, "assemble.ts"] },
  "commands/": { may: [...everything, "assemble.ts", "hub.ts"] },
};

/**
 * The rule sees the text of an import, not the file it leads to. So: a path out of the layer (`../` from a
 * folder, `./` from a file), any more dots, then a forbidden name as the first real part of it. The straight
 * path is the only one allowed, which leaves no other way to write it.
 */
const boundary = ([layer, { may, onlyPackage }]: [string, (typeof layers)[string]]): Override => {
  const forbidden = [...Object.keys(layers), "main.ts"].filter(
    (name) => name !== layer && !may.includes(name),
  );
  const isFolder = layer.endsWith("/");
  const out = isFolder ? String.raw`^(?:\./)*\.\./` : String.raw`^\./`;
  const names = forbidden.map((name) =>
    name.endsWith("/") ? name : name.replace(".", String.raw`\.`) + "$",
  );
  const allowed = may.length > 0 ? may.join(", ") : "nothing else of src";
  const patterns: object[] = [
    {
      regex: String.raw`${out}(?:\.{1,2}/|src/)*(?:${names.join("|")})`,
      message: `src/${layer} may import: ${allowed}.`,
    },
    { regex: String.raw`[^./]/\.\./|^/|^file:`, message: "Write the path straight." },
    { regex: "^(?:node:)?process$", message: "Only src/main.ts reads the environment; the rest is global." },
  ];
  if (onlyPackage !== undefined) {
    patterns.push({
      group: ["**", "!./**", "!../**", `!${onlyPackage}`, `!${onlyPackage}/**`],
      message: `src/${layer} uses no package but ${onlyPackage}, and no built-in.`,
    });
  }
  return {
    files: [isFolder ? `src/${layer}**` : `src/${layer}`],
    rules: {
      "no-restricted-imports": ["error", { patterns }],
      "no-restricted-globals": ["error", ...(onlyPackage === undefined ? [] : ["process", "Buffer", "Deno"])],
    },
  };
};

export default defineConfig({
  plugins: ["typescript", "unicorn", "oxc", "import", "vitest"],
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: "error" },
  ignorePatterns: ["node_modules", ".courtside"],
  categories: { correctness: "error", suspicious: "error" },
  rules: {
    // Off: each of these objects to a form that is right here.
    "no-new": "off", // new URL(text) and its like, as a test of the text
    "no-shadow": "off",
    "no-underscore-dangle": "off",
    "no-unmodified-loop-condition": "off", // does not see a flag that another function sets
    "import/no-named-as-default-member": "off",
    "import/no-unassigned-import": "off",
    "oxc/no-async-endpoint-handlers": "off", // knows Express only; Hono awaits its handlers
    "typescript/consistent-return": "off", // tsc's noImplicitReturns
    "typescript/no-unnecessary-type-parameters": "off",
    "typescript/no-unsafe-type-assertion": "off", // parsed rows, branded ids
    "typescript/unbound-method": "off", // takes a plain object's function for a method of a class
    "unicorn/consistent-function-scoping": "off",
    "unicorn/no-array-reverse": "off",
    "unicorn/no-array-sort": "off",
    "unicorn/prefer-add-event-listener": "off",
    "unicorn/require-post-message-target-origin": "off", // knows windows only; threads have no origin
    "vitest/expect-expect": "off", // some tests assert through a named support function
    "vitest/no-conditional-expect": "off",
    "vitest/require-mock-type-parameters": "off",
    "vitest/valid-title": "off",

    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/await-thenable": "error",
    "typescript/only-throw-error": "error",
    "typescript/prefer-promise-reject-errors": "error",
    "typescript/return-await": ["error", "error-handling-correctness-only"],

    "typescript/no-explicit-any": "error",
    "typescript/no-namespace": "error",
    "typescript/no-non-null-assertion": "error",
    "typescript/consistent-type-imports": "error", // also forbids import("…").T, which the boundaries cannot see
    "typescript/no-import-type-side-effects": "error",
    "typescript/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    "typescript/use-unknown-in-catch-callback-variable": "error",

    "import/no-cycle": ["error", { ignoreTypes: false }],
    "import/no-default-export": "error",
    "import/no-mutable-exports": "error",
    "oxc/no-barrel-file": ["error", { threshold: 0 }],
    "unicorn/filename-case": ["error", { case: "kebabCase" }],
    "unicorn/prefer-node-protocol": "error",
    "unicorn/no-abusive-eslint-disable": "error",

    eqeqeq: ["error", "always", { null: "ignore" }],
    "no-var": "error",
    "prefer-const": "error",
    "vitest/no-focused-tests": "error",
    "vitest/no-disabled-tests": "error",
    "vitest/no-identical-title": "error",
  },
  overrides: [
    {
      // The house's "about 300, 50 and 3" with room: past these, it is no longer about.
      files: ["src/**"],
      rules: {
        "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
        "max-lines-per-function": ["error", { max: 100, skipBlankLines: true, skipComments: true }],
        "max-params": ["error", { max: 4 }],
      },
    },
    {
      files: ["src/**"],
      excludeFiles: ["src/main.ts", "src/commands/**"],
      rules: { "no-console": "error" },
    },
    {
      files: ["src/**"],
      excludeFiles: ["src/main.ts"],
      rules: {
        "no-restricted-properties": [
          "error",
          { object: "process", property: "env", message: "Only src/main.ts reads the environment." },
          { object: "process", property: "exit", message: "Only src/main.ts ends the process." },
          { object: "Deno", property: "env", message: "Only src/main.ts reads the environment." },
          { object: "globalThis", property: "process", message: "Write process." },
          { object: "globalThis", property: "Deno", message: "Use a web or node: interface." },
        ],
      },
    },
    ...Object.entries(layers).map(boundary),
    {
      files: ["*.config.ts", "tests/support/global-setup.ts", "tests/faults/support/reporter.ts"],
      rules: { "import/no-default-export": "off" },
    },
  ],
});
