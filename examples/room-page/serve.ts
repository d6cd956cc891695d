import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { createServer } from "node:http";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const usage = `Serves a page that shows a session's room, on 127.0.0.1.
Usage: node examples/room-page/serve.ts [--port <number>]   8080 unless given; 0 takes a free one`;

const here = import.meta.dirname;
const client = join(here, "../../src/client");
const socketIo = join(fileURLToPath(import.meta.resolve("socket.io-client/package.json")), "..");

type Page = { type: string; text: string };

/** Everything that is served, by its path: nothing else of the disk can be asked for. */
const readPages = async (): Promise<Map<string, Page>> => {
  const script = async (file: string): Promise<Page> => ({
    type: "text/javascript",
    text: file.endsWith(".ts")
      ? stripTypeScriptTypes(await readFile(file, "utf8"))
      : await readFile(file, "utf8"),
  });
  const pages = new Map<string, Page>([
    ["/", { type: "text/html", text: await readFile(join(here, "index.html"), "utf8") }],
    ["/style.css", { type: "text/css", text: await readFile(join(here, "style.css"), "utf8") }],
    ["/page.ts", await script(join(here, "page.ts"))],
    ["/socket.io-client.js", await script(join(socketIo, "dist/socket.io.esm.min.js"))],
  ]);
  for (const file of await readdir(client)) pages.set(`/client/${file}`, await script(join(client, file)));
  return pages;
};

/** Scripts of this server only, and of the page itself the import map alone, by its hash. */
const policyFor = (html: string): string => {
  const [, map = ""] = /<script type="importmap">([^]*?)<\/script>/.exec(html) ?? [];
  const hash = createHash("sha256").update(map).digest("base64");
  return `default-src 'self'; script-src 'self' 'sha256-${hash}'; connect-src ws: wss:; img-src data:`;
};

const { values } = parseArgs({
  options: { port: { type: "string", default: "8080" }, help: { type: "boolean", default: false } },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}

const pages = await readPages();
const policy = policyFor(pages.get("/")?.text ?? "");
const server = createServer((request, response) => {
  const page = pages.get(new URL(request.url ?? "/", "http://localhost").pathname);
  response.statusCode = page ? 200 : 404;
  response.setHeader("Content-Type", `${page?.type ?? "text/plain"}; charset=utf-8`);
  response.setHeader("Content-Security-Policy", policy);
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.end(page?.text ?? "There is nothing here.\n");
});
server.listen(Number(values.port), "127.0.0.1", () => {
  const address = server.address();
  if (address && typeof address === "object") console.log(`http://127.0.0.1:${address.port}/`);
});
