import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { App } from "../usecases/app.ts";
import type { HttpEnv } from "./operation.ts";

const resolve = createRequire(import.meta.url).resolve;

/** What the page is made of: all of it served from here, so that it works on a machine without a network. */
const assets: Readonly<Record<string, string>> = {
  "swagger-ui.css": "text/css",
  "swagger-ui-bundle.js": "text/javascript",
};

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Courtside API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="icon" href="data:,">
  </head>
  <body>
    <div id="docs"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const script = `SwaggerUIBundle({ url: "/openapi.json", dom_id: "#docs", deepLinking: true, persistAuthorization: true, tryItOutEnabled: true });
`;

const contentPolicy =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/** `/openapi.json` and `/asyncapi.json` from the schemas that validate, and `/docs` to try the one. */
export const registerDocs = (http: OpenAPIHono<HttpEnv>, app: App, asyncApi: () => object): void => {
  http.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "apiKey",
    in: "header",
    name: "X-API-Key",
  });
  http.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    description: "A user's token (JWT), or an API key.",
  });
  http.openAPIRegistry.registerComponent("securitySchemes", "joinLink", {
    type: "http",
    scheme: "bearer",
    description:
      "The last part of the address in a mail, after /join/. Good for tickets, and for nothing else.",
  });
  http.get("/openapi.json", (c) =>
    c.json(
      http.getOpenAPI31Document({
        openapi: "3.1.0",
        info: {
          title: "Courtside",
          version: "0.1.0",
          description: "Book a coach's time, and join the live session when it comes.",
          license: { name: "MIT" },
        },
        servers: [{ url: app.publicUrl() || "/" }],
      }),
    ),
  );
  http.get("/asyncapi.json", (c) => c.json(asyncApi()));
  http.get("/docs", (c) => c.html(page, 200, { "content-security-policy": contentPolicy }));
  http.get("/docs/start.js", (c) => c.body(script, 200, { "content-type": "text/javascript" }));
  for (const [name, type] of Object.entries(assets)) {
    http.get(`/docs/${name}`, async (c) =>
      c.body(await readFile(resolve(`swagger-ui-dist/${name}`), "utf8"), 200, {
        "content-type": `${type}; charset=utf-8`,
        "cache-control": "public, max-age=86400",
      }),
    );
  }
};
