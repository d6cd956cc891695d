import { startHttpServer } from "../../src/http/server.ts";
import { createQueueMonitor } from "../../src/jobs/monitor.ts";
import { startJobs } from "../../src/jobs/start.ts";
import { createAsyncApi } from "../../src/realtime/async-api.ts";
import { startRealtime } from "../../src/realtime/server.ts";
import type { TestApp } from "./app.ts";

/** A test app that listens. */
export type Served = {
  url: string;
  /** Sends a request; `body` goes as JSON, and a string as it is. */
  send(method: string, path: string, options?: SendOptions): Promise<Reply>;
  close(): Promise<void>;
};

export type SendOptions = {
  /** An API key or a token. */
  as?: string;
  body?: unknown;
  headers?: Record<string, string>;
};

export type Reply = { status: number; headers: Headers; body: Record<string, unknown>; text: string };

/** Serves a test app over HTTP, and where asked its rooms and jobs. */
export const serve = async (
  { app, databaseUrl, adapter }: TestApp,
  { realtime = false, jobs = false }: { realtime?: boolean; jobs?: boolean } = {},
): Promise<Served> => {
  const health = { draining: () => false, redis: () => "off" as const };
  const asyncApi = () => createAsyncApi(app.publicUrl());
  const monitor = createQueueMonitor({ databaseUrl });
  const parts = { health, asyncApi, queueMonitor: monitor.fetch };
  const http = await startHttpServer(app, { ...parts, host: "127.0.0.1", port: 0 });
  const opened: { close(): Promise<void> }[] = [monitor];
  if (jobs) opened.push(await startJobs(app, { databaseUrl }));
  if (realtime)
    opened.push(await startRealtime(app, { httpServer: http.server, ...(adapter ? { adapter } : {}) }));
  const url = `http://127.0.0.1:${http.port}`;
  return {
    url,
    send: (method, path, options) => send(method, `${url}${path}`, options),
    close: async () => {
      for (const part of opened.reverse()) await part.close();
      await http.close();
    },
  };
};

const send = async (
  method: string,
  url: string,
  { as, body, headers = {} }: SendOptions = {},
): Promise<Reply> => {
  const response = await fetch(url, {
    method,
    headers: {
      ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
    text,
  };
};
