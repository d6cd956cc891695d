import { type Server, createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { OpenAPIHono } from "@hono/zod-openapi";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";
import { DomainError } from "../domain/errors.ts";
import type { App } from "../usecases/app.ts";
import { refusalOf } from "../usecases/failures.ts";
import { registerAdmin } from "./admin.ts";
import { registerDocs } from "./docs.ts";
import { type HubHealth, registerHealth } from "./health.ts";
import { type HttpEnv, registerOperations, respondProblem } from "./operation.ts";
import { registerJoinPage } from "./join-page.ts";
import { internalProblem } from "./problem.ts";
import { operations } from "./routes.ts";

/** The API as a function from requests to responses; what listens is put around it. */
const createHttpApp = (app: App, { health, asyncApi, queueMonitor }: HubParts): OpenAPIHono<HttpEnv> => {
  const http = new OpenAPIHono<HttpEnv>();
  http.use(async (c, next) => {
    const given = c.req.header("x-request-id");
    const requestId = given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : app.newId();
    c.set("requestId", requestId);
    c.set("route", "");
    // Headers are set before there is a response: to change one that is made costs a copy of it.
    c.header("x-request-id", requestId);
    // While the hub closes, a caller that keeps its connection busy would keep the hub open.
    if (health.draining()) c.header("connection", "close");
    const startedAt = performance.now();
    await next();
    const ms = Math.round(performance.now() - startedAt);
    // The pattern, not the path: a query may hold a secret.
    app.log.debug(
      { method: c.req.method, route: c.get("route"), status: c.res.status, ms, requestId },
      "request",
    );
  });
  // What guards a page means nothing to a caller of the API, but for the guess at what an answer is.
  const guardPage = secureHeaders({ strictTransportSecurity: false, crossOriginResourcePolicy: false });
  http.use((c, next) => (c.req.path.startsWith("/v1/") ? next() : guardPage(c, next)));
  if (app.config.corsOrigins.length > 0) {
    http.use(
      cors({
        origin: app.config.corsOrigins,
        exposeHeaders: ["ETag", "Retry-After", "X-Request-Id", "Idempotency-Replayed"],
      }),
    );
  }
  http.use("/v1/*", async (c, next) => {
    c.header("cache-control", "no-store");
    c.header("x-content-type-options", "nosniff");
    await next();
  });

  registerHealth(http, app, health);
  registerDocs(http, app, asyncApi);
  registerAdmin(http, app, queueMonitor);
  if (app.config.roles.includes("http")) {
    registerOperations(http, app, operations);
    registerJoinPage(http, app);
  }

  http.notFound((c) =>
    respondProblem(c, new DomainError("not_found", "not_found", "There is nothing here.")),
  );
  http.onError((error, c) => {
    const requestId = c.get("requestId");
    const refusal = refusalOf(error);
    if (refusal?.kind === "unavailable")
      app.log.warn({ err: refusal.cause, requestId }, "a request could not be served");
    if (refusal) return respondProblem(c, refusal);
    app.log.error({ err: error, requestId, route: c.get("route") }, "a request failed");
    return c.body(JSON.stringify(internalProblem(requestId)), 500, {
      "content-type": "application/problem+json",
    });
  });
  return http;
};

export type HttpServer = {
  server: Server;
  port: number;
  /** Stops listening, and waits for the requests that run, `DRAIN_SECONDS` at most. */
  close(): Promise<void>;
};

/** What the server tells of the rest of the hub. */
export type HubParts = {
  health: HubHealth;
  /** The document of the live protocol. */
  asyncApi: () => object;
  /** The pages of the queue monitor; who may see them is decided before. */
  queueMonitor: (request: Request) => Promise<Response>;
};

export type HttpServerOptions = HubParts & { host: string; port: number };

/**
 * Listens. Upgrades of connections are left to whoever asks for them.
 * @throws the system's error when the address cannot be had
 */
export const startHttpServer = async (
  app: App,
  { host, port, ...parts }: HttpServerOptions,
): Promise<HttpServer> => {
  const answer = getRequestListener(createHttpApp(app, parts).fetch);
  const server = createServer(
    { headersTimeout: 15_000, requestTimeout: 30_000, keepAliveTimeout: 65_000 },
    (request, response) => void answer(request, response),
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("a server that listens has an address");
  return {
    server,
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        const tooLong = setTimeout(() => server.closeAllConnections(), app.config.drainSeconds * 1000);
        server.close(() => {
          clearTimeout(tooLong);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
};
