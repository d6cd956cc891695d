import { createRequire } from "node:module";
import { dirname } from "node:path";
import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { HonoAdapter } from "@bull-board/hono";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import { type JobQueue, type QueueBackend, openQueue, queueNames } from "./queue.ts";

/** Pages that show the queues, for whoever has been let in. */
export type QueueMonitor = { fetch: (request: Request) => Promise<Response>; close: () => Promise<void> };

/** Where the pages are. */
const basePath = "/admin/queues";

/**
 * The monitor of the queues, to look at: what is to be done is decided by rows, and replayed there. It connects to them when somebody looks, so a hub that nobody looks at has no
 * cost of it.
 */
export const createQueueMonitor = (backend: QueueBackend): QueueMonitor => {
  let opened: { queues: JobQueue[]; pages: Hono } | null = null;
  return {
    fetch: async (request) => {
      opened ??= open(backend);
      return opened.pages.fetch(request);
    },
    close: async () => {
      await Promise.all(opened?.queues.map((queue) => queue.close()) ?? []);
    },
  };
};

const open = (backend: QueueBackend): { queues: JobQueue[]; pages: Hono } => {
  const queues = queueNames.map((name) => openQueue(backend, name));
  // A queue out of reach shows as an error on the page.
  for (const queue of queues) queue.on("error", () => {});
  const adapter = new HonoAdapter(serveStatic).setBasePath(basePath);
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    serverAdapter: adapter,
    options: {
      uiBasePath: dirname(createRequire(import.meta.url).resolve("@bull-board/ui/package.json")),
      uiConfig: { boardTitle: "Courtside queues", hideRedisDetails: true },
    },
  });
  return { queues, pages: new Hono().route(basePath, adapter.registerPlugin()) };
};
