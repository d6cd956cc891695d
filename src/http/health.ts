import type { OpenAPIHono } from "@hono/zod-openapi";
import type { App } from "../usecases/app.ts";
import { readReadiness } from "../usecases/health.ts";
import type { HttpEnv } from "./operation.ts";

/** What the hub knows of itself beyond its database. */
export type HubHealth = { draining: () => boolean; redis: () => "ok" | "unreachable" | "off" };

/** `/healthz`: the process lives. `/readyz`: send it callers; without Redis it serves them, degraded. */
export const registerHealth = (http: OpenAPIHono<HttpEnv>, app: App, health: HubHealth): void => {
  http.get("/healthz", (c) => c.json({ status: "ok" }, 200, { "cache-control": "no-store" }));
  http.get("/readyz", async (c) => {
    const redis = health.redis();
    const readiness = await readReadiness(app);
    const serves = readiness.database === "ok" && readiness.migrations === "current";
    const status = health.draining()
      ? "draining"
      : !serves
        ? "unavailable"
        : redis === "unreachable"
          ? "degraded"
          : "ok";
    const code = status === "ok" || status === "degraded" ? 200 : 503;
    return c.json({ status, ...readiness, redis }, code, { "cache-control": "no-store" });
  });
};
