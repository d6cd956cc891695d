import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const pages = [
  "README.md",
  "CHANGELOG.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => join("docs", path)),
];

const configSource = read("src/config.ts");

/** The settings as the schema has them, with their defaults as the docs write them. */
const settings = (): Map<string, string> => {
  const [, schema = ""] = /const environment = z\.object\(\{\n(.*?)\n\}\);/s.exec(configSource) ?? [];
  const entries = schema.split(/^ {2}(?=[A-Z][A-Z0-9_]*: )/m).slice(1);
  return new Map(
    entries.map((entry) => [entry.slice(0, entry.indexOf(":")), defaultOf(entry)] as [string, string]),
  );
};

const defaultOf = (entry: string): string => {
  const [, text] = /\.default\(("[^"]*"|\[.*?\]|[^)]*)\)/s.exec(entry) ?? [];
  if (text === undefined) return "not set";
  if (text.startsWith('"')) return `\`${text.slice(1, -1)}\``;
  const value = text.replaceAll(/[["\]\s]/g, "").replaceAll(/(?<=\d)_(?=\d)/g, "");
  return value === "" ? "none" : `\`${value}\``;
};

/** The table under "Settings" in docs/operations.md: name and default of each row. */
const documented = (): [string, string][] => {
  const [, section = ""] = /^## Settings\n(.*?)^## /ms.exec(read("docs/operations.md")) ?? [];
  return [...section.matchAll(/^\| `([A-Z0-9_]+)` +\| ([^|]+?) +\|/gm)].map(([, name = "", value = ""]) => [
    name,
    value,
  ]);
};

describe("docs/operations.md", () => {
  test("lists every setting once, with its default, and no other", () => {
    expect(settings().size).toBeGreaterThan(20);
    expect(Object.fromEntries(documented())).toEqual(Object.fromEntries(settings()));
    expect(documented()).toHaveLength(settings().size);
  });

  test("names every secret that may be given as a file", () => {
    const [, names = ""] = /const secretNames = \[(.*?)\]/s.exec(configSource) ?? [];
    const files = [...names.matchAll(/"(\w+)"/g)].map(([, name]) => `\`${name}_FILE\``);
    expect(files.length).toBeGreaterThan(0);
    const page = read("docs/operations.md");
    expect(files.filter((file) => !page.includes(file))).toEqual([]);
  });

  test("lists every variable that docker-compose.yml asks for", () => {
    const asked = new Set([...read("docker-compose.yml").matchAll(/\$\{(\w+)/g)].map(([, name]) => name));
    const page = read("docs/operations.md");
    expect(asked.size).toBeGreaterThan(0);
    expect([...asked].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});

test("what the image and docker-compose.yml set for the hub are settings", () => {
  const [, compose = ""] =
    /environment: &hub-environment\n(.*?)\n {2}depends_on/s.exec(read("docker-compose.yml")) ?? [];
  const [, image = ""] = /^ENV (.*?[^\\])$/ms.exec(read("Dockerfile")) ?? [];
  const set = [...compose.matchAll(/^ {4}(\w+):/gm), ...image.matchAll(/(\w+)=/g)].map(
    ([, name]) => name ?? "",
  );
  expect(set).toEqual(expect.arrayContaining(["DATABASE_URL", "ROLES", "NODE_ENV", "HOST"]));
  expect(set.filter((name) => !settings().has(name))).toEqual([]);
});

test("docker-compose.yml gives the worker whatever the nodes have, and its own roles", () => {
  const [, worker = ""] = /^ {2}worker:\n(.*?)\n\n/ms.exec(read("docker-compose.yml")) ?? [];
  expect(worker).toMatch(/environment:\n {6}<<: \*hub-environment\n {6}ROLES: worker$/);
});

describe.each(pages)("%s", (page) => {
  const text = read(page);

  test("links to nothing that is not there", () => {
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
    const broken = targets.filter((target) => {
      if (/^(https?|mailto):/.test(target)) return false;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      return !existsSync(join(root, file)) || (anchor !== undefined && !anchorsOf(read(file)).has(anchor));
    });
    expect(broken).toEqual([]);
  });

  test("names only scripts that npm can run", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const named = [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)].map(
      ([, script, short]) => script ?? short ?? "",
    );
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  test("names only files that are there", () => {
    const named = [...text.matchAll(/`((?:src|tests)\/[\w./-]+)`|^((?:src|tests)\/[\w./-]+)/gm)].map(
      ([, quoted, listed]) => quoted ?? listed ?? "",
    );
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

/** The anchors of a page's headings, as GitHub makes them. */
const anchorsOf = (text: string): Set<string> =>
  new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, "")
        .replaceAll(/\s/g, "-"),
    ),
  );
