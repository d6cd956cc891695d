import type { Server as HttpServer } from "node:http";
import { Server } from "socket.io";
import type { App } from "../usecases/app.ts";
import { refuse } from "./auth.ts";
import { Live } from "./live.ts";

const maxMessageBytes = 16 * 1024;

/** How long a connection may take to say who it is. */
const handshakeMs = 10_000;

export type RealtimeOptions = {
  httpServer: HttpServer;
  /** Carries signals between nodes; one node needs none. */
  adapter?: Parameters<Server["adapter"]>[0];
};

export type Realtime = { close(): Promise<void> };

/** Serves `/live` on an HTTP server: who connects, what they ask, and what their rooms tell them. */
export const startRealtime = async (
  app: App,
  { httpServer, adapter }: RealtimeOptions,
): Promise<Realtime> => {
  const { transports, corsOrigins } = app.config;
  const io = new Server(httpServer, {
    transports,
    maxHttpBufferSize: maxMessageBytes,
    // A phone that lost its network is noticed within 15 s; one that closes its app, at once.
    pingInterval: 10_000,
    pingTimeout: 5_000,
    connectTimeout: handshakeMs,
    serveClient: false,
    ...(adapter ? { adapter } : {}),
    ...(corsOrigins.length > 0 ? { cors: { origin: corsOrigins } } : {}),
  });
  // The default namespace is there in any case: nobody has business in it.
  io.use((_socket, next) => next(refuse("Connect to /live.", { code: "not_found" })));
  const live = new Live(app, io.of("/live"));
  await live.begin();
  return {
    close: async () => {
      await live.close();
      // Not io.close(), which would close the HTTP server as well: that one is the hub's to close.
      io.engine.close();
    },
  };
};
