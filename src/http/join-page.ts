import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { createRequire, stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import type { Hono } from "hono";
import { html, raw } from "hono/html";
import { DomainError, type ErrorCode } from "../domain/errors.ts";
import { type JoinPageFacts, readJoinPage } from "../usecases/sessions/join-page.ts";
import type { App } from "../usecases/app.ts";
import type { HttpEnv } from "./operation.ts";

const importMap = `{"imports":{"courtside/client":"/join/client/client.ts","socket.io-client":"/join/socket.io-client.js"}}`;

/** Of this origin alone, and nothing written into the page but the map, by its hash. */
const contentPolicy = [
  "default-src 'none'",
  `script-src 'self' 'sha256-${createHash("sha256").update(importMap).digest("base64")}'`,
  "style-src 'self'",
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The link is a credential: it goes into no cache, no index, and no other page's log. */
const pageHeaders = {
  "content-security-policy": contentPolicy,
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  "x-robots-tag": "noindex, nofollow",
};

const statusOf: Partial<Record<ErrorCode, 403 | 404 | 410>> = {
  removed: 403,
  token_expired: 410,
  session_closed: 410,
};

/** `/join/<link>`, the page that mails lead to. It asks for a ticket only when its reader presses the button. */
export const registerJoinPage = (http: Hono<HttpEnv>, app: App): void => {
  let assets: Promise<Map<string, Asset>> | null = null;
  http.get("/join/:file{page\\.js|style\\.css|socket\\.io-client\\.js|client/[\\w-]+\\.ts}", async (c) => {
    // What could not be read, for want of file handles for instance, is read again for the next who asks.
    assets ??= readAssets().catch((error: unknown) => {
      assets = null;
      throw error;
    });
    const asset = (await assets).get(c.req.param("file"));
    if (!asset) return c.notFound();
    return c.body(asset.text, 200, { "content-type": asset.type, "cache-control": "public, max-age=300" });
  });
  http.get("/join/:token", async (c) => {
    c.set("route", "/join/{token}");
    const read = await readJoinPage(app, c.req.param("token")).catch(unlessNoLink);
    if (read instanceof DomainError) return c.html(pageOf(null, read.detail), 404, pageHeaders);
    const { refusal } = read;
    // Of a session that has moved, an old link shows nothing.
    const shown = refusal === null || refusal.code === "session_closed" ? read : null;
    const status = refusal === null ? 200 : (statusOf[refusal.code] ?? 404);
    return c.html(pageOf(shown, refusal?.detail ?? null), status, pageHeaders);
  });
};

/** What is no link of this hub, or is too old for one, has a page too. @throws any other error */
const unlessNoLink = (error: unknown): DomainError => {
  if (error instanceof DomainError && error.kind === "unauthenticated") return error;
  throw error;
};

type Asset = { type: string; text: string };

/** The page's script with the client that it uses, as browsers take them. */
const readAssets = async (): Promise<Map<string, Asset>> => {
  const here = new URL("./join-page/", import.meta.url);
  const clientFolder = new URL("../client/", import.meta.url);
  const script = async (file: string | URL): Promise<Asset> => ({
    type: "text/javascript; charset=utf-8",
    text: stripTypeScriptTypes(await readFile(file, "utf8")),
  });
  const { resolve } = createRequire(import.meta.url);
  const socketIo = join(dirname(resolve("socket.io-client/package.json")), "dist/socket.io.esm.min.js");
  const assets = new Map<string, Asset>([
    ["page.js", await script(new URL("page.ts", here))],
    [
      "style.css",
      { type: "text/css; charset=utf-8", text: await readFile(new URL("style.css", here), "utf8") },
    ],
    [
      "socket.io-client.js",
      { type: "text/javascript; charset=utf-8", text: await readFile(socketIo, "utf8") },
    ],
  ]);
  for (const file of await readdir(clientFolder))
    assets.set(`client/${file}`, await script(new URL(file, clientFolder)));
  return assets;
};

const pageOf = (shown: JoinPageFacts | null, problem: string | null) => html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="referrer" content="no-referrer">
    <title>${shown?.title ?? "Your session"}</title>
    <link rel="stylesheet" href="/join/style.css">
    <link rel="icon" href="data:,">
    <script type="importmap">${raw(importMap)}</script>
    <script type="module" src="/join/page.js"></script>
  </head>
  <body>
    <main>
      <h1>${shown?.title ?? "Your session"}</h1>
      ${shown ? detailsOf(shown) : ""}
      <p id="status" role="status">${problem ?? (shown ? opening(shown) : "")}</p>
      ${shown && problem === null ? entranceOf(shown) : ""}
    </main>
  </body>
</html>`;

const timeOf = (at: Date, until: Date, words: string) =>
  html`<time datetime="${at.toISOString()}" data-until="${until.toISOString()}">${words}</time>`;

const detailsOf = ({ otherRole, other, startsAt, endsAt, when }: JoinPageFacts) => html`<dl>
        <dt>${otherRole}</dt><dd>${other}</dd>
        <dt>When</dt><dd>${timeOf(startsAt, endsAt, when)}</dd>
      </dl>`;

const opening = ({ opensAt, opens }: JoinPageFacts) =>
  opensAt === null ? "" : html`The room opens on ${timeOf(opensAt, opensAt, opens)}.`;

/** The room itself, or the way to where the session is held. */
const entranceOf = ({ place }: JoinPageFacts) => {
  if (place.kind === "url")
    return html`<p><a class="button" href="${place.url}" rel="noreferrer">Go to the session</a></p>`;
  if (place.kind === "in_person") return html`<p>${place.address ?? ""}</p>`;
  return html`<noscript><p>Joining needs JavaScript.</p></noscript>
      <button id="join" type="button">Join the session</button>
      <div id="room" hidden>
        <h2>In the room</h2>
        <ul id="people"></ul>
        <h2>Messages</h2>
        <ol id="messages" role="log"></ol>
        <form id="speak" autocomplete="off">
          <input id="text" aria-label="Message" required maxlength="4000">
          <button>Send</button>
        </form>
        <button id="leave" type="button">Leave</button>
      </div>`;
};
