import { Pool } from "undici";
import { adminKey } from "./servers.ts";

export type Call = {
  method?: "GET" | "POST" | "PUT";
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
};
export type Answer = { status: number; text: string };

/** Callers of one server, each on a connection of its own. The same client serves what is measured and its baseline. */
export type Callers = { call(call: Call): Promise<Answer>; close(): Promise<void> };

export const openCallers = (url: string, connections: number): Callers => {
  const pool = new Pool(url, { connections, pipelining: 1, keepAliveTimeout: 60_000 });
  return {
    call: async ({ method = "POST", path, body, headers = {} }) => {
      const response = await pool.request({
        method,
        path,
        headers: {
          authorization: `Bearer ${adminKey}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.statusCode, text: await response.body.text() };
    },
    close: () => pool.close(),
  };
};

/** What a stretch of load came to: answers a second, how many by status, latencies in milliseconds in order. */
export type Load = { perSecond: number; statuses: Map<number, number>; latenciesMs: number[] };

/** Each caller asks again as soon as it is answered: finds how much a server can do. */
export const closedLoop = async (
  callers: Callers,
  { count, ms, next }: { count: number; ms: number; next: () => Call },
): Promise<Load> => {
  const statuses = new Map<number, number>();
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  const caller = async (): Promise<void> => {
    while (performance.now() - startedAt < ms) {
      const sentAt = performance.now();
      const { status } = await callers.call(next());
      latenciesMs.push(performance.now() - sentAt);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: count }, caller));
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    perSecond: latenciesMs.length / seconds,
    statuses,
    latenciesMs: latenciesMs.sort((a, b) => a - b),
  };
};

/**
 * Calls at a steady rate, whether answers have come or not, and measures from when each was meant to be sent: a server
 * that stalls is charged for everybody it kept waiting.
 */
export const pacedLoop = async (
  callers: Callers,
  { perSecond, ms, next }: { perSecond: number; ms: number; next: () => Call },
): Promise<Load> => {
  const statuses = new Map<number, number>();
  const latenciesMs: number[] = [];
  const total = Math.floor((perSecond * ms) / 1000);
  const startedAt = performance.now();
  const pending: Promise<void>[] = [];
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) * perSecond) / 1000));
    for (; sent < due; sent++) {
      const intendedAt = startedAt + (sent * 1000) / perSecond;
      pending.push(
        callers.call(next()).then(({ status }) => {
          latenciesMs.push(performance.now() - intendedAt);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(pending);
  const seconds = (performance.now() - startedAt) / 1000;
  return { perSecond: total / seconds, statuses, latenciesMs: latenciesMs.sort((a, b) => a - b) };
};

/** Fails unless every answer had this status. */
export const assertAll = ({ statuses }: Load, status: number, what: string): void => {
  const others = [...statuses].filter(([other]) => other !== status);
  if (others.length > 0) throw new Error(`${what}: answers other than ${status}: ${JSON.stringify(others)}`);
};
