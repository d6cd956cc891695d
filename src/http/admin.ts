import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { requireCreator } from "../domain/access.ts";
import { DomainError } from "../domain/errors.ts";
import { authenticate } from "../usecases/access/authenticate.ts";
import type { App } from "../usecases/app.ts";
import { readBacklog } from "../usecases/jobs/backlog.ts";
import { authenticateRequest } from "./auth.ts";
import { type HttpEnv, respondProblem } from "./operation.ts";
import { sameSecret } from "./secret.ts";

/** Nothing but its own files: the fonts that the monitor would fetch elsewhere are done without. */
const contentPolicy =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'";

/** The queue monitor at `/admin/queues`, for a browser, and `/metrics`, for Prometheus. */
export const registerAdmin = (
  http: OpenAPIHono<HttpEnv>,
  app: App,
  queueMonitor: (request: Request) => Promise<Response>,
): void => {
  const showQueues = async (c: Context<HttpEnv>): Promise<Response> => {
    c.set("route", "/admin/queues");
    try {
      await authenticateAdmin(app, c.req.raw.headers);
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== "unauthenticated") throw error;
      const refusal = respondProblem(c, error);
      // Has a browser ask: any name, and an admin's key as the password.
      refusal.headers.set("www-authenticate", `Basic realm="Courtside: an admin's API key as the password"`);
      return refusal;
    }
    const answer = await queueMonitor(c.req.raw);
    const response = new Response(answer.body, answer);
    response.headers.set("content-security-policy", contentPolicy);
    return response;
  };
  // To look at, so that no other page can have an admin's browser do anything here.
  http.get("/admin/queues", showQueues);
  http.get("/admin/queues/*", showQueues);
  http.get("/metrics", async (c) => {
    c.set("route", "/metrics");
    const bearer = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
    const { metricsToken } = app.config;
    const known = metricsToken !== null && bearer !== undefined && sameSecret(bearer, metricsToken);
    if (!known) requireCreator(await authenticateRequest(app, c.req.raw.headers), "job.manage");
    // Counters are wanted most while the database is away.
    app.metrics.setBacklog(await readBacklog(app).catch(() => null));
    const { contentType, text } = await app.metrics.render();
    return c.body(text, 200, { "content-type": contentType, "cache-control": "no-store" });
  });
};

/** As any request, or with a browser's Basic credentials. @throws DomainError `unauthenticated`, `forbidden` */
const authenticateAdmin = async (app: App, headers: Headers): Promise<void> => {
  const basic = /^Basic +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  const principal =
    basic === undefined
      ? await authenticateRequest(app, headers)
      : await authenticate(app, passwordOf(basic));
  requireCreator(principal, "job.manage");
};

const passwordOf = (basic: string): string => {
  try {
    return atob(basic)
      .replace(/^[^:]*:/, "")
      .slice(0, 8_192);
  } catch {
    return "";
  }
};
