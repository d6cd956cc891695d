import { once } from "node:events";
import { type Socket, connect, createServer } from "node:net";

/** Sees what one connection carries; what `fromServer` returns is what the client gets. */
export type Filter = { fromClient(chunk: Buffer): void; fromServer(chunk: Buffer): Buffer };

/** A way through to a server of this machine, on which things go wrong when they are told to. */
export type TcpProxy = {
  port: number;
  /** Where connections lead that are made from now on. */
  retarget(port: number): void;
  /** Ends every connection, and each new one at once, until `resume`. */
  cut(): void;
  /** Passes nothing on, in neither direction, and closes nothing: as a network that has gone without a word. */
  stall(): void;
  resume(): void;
  close(): Promise<void>;
};

type Pair = { client: Socket; server: Socket };

/**
 * Listens on a free port of 127.0.0.1 and passes on to `port` there.
 * @param newFilter makes the filter of each connection
 */
export const startTcpProxy = async (port: number, newFilter?: () => Filter): Promise<TcpProxy> => {
  const pairs = new Set<Pair>();
  let target = port;
  let state: "passing" | "cut" | "stalled" = "passing";

  const end = (pair: Pair): void => {
    pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  };
  const listener = createServer((client) => {
    if (state === "cut") {
      client.destroy();
      return;
    }
    const server = connect(target, "127.0.0.1");
    const pair = { client, server };
    const filter = newFilter?.();
    pairs.add(pair);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      // While nothing passes, neither side hears of the other's end.
      socket.on("error", () => {});
      socket.on("close", () => {
        if (state !== "stalled") end(pair);
      });
    }
    client.on("data", (chunk: Buffer) => {
      filter?.fromClient(chunk);
      forward(chunk, client, server);
    });
    server.on("data", (chunk: Buffer) => {
      const passed = filter ? filter.fromServer(chunk) : chunk;
      if (passed.length > 0) forward(passed, server, client);
    });
    if (state === "stalled") for (const socket of [client, server]) socket.pause();
  });
  /** At the pace of the one who reads: the proxy is no store of its own. */
  const forward = (chunk: Buffer, from: Socket, to: Socket): void => {
    if (to.write(chunk)) return;
    from.pause();
    to.once("drain", () => {
      if (state !== "stalled") from.resume();
    });
  };

  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  if (typeof address !== "object" || !address) throw new Error("a proxy that listens has a port");
  return {
    port: address.port,
    retarget: (port) => {
      target = port;
    },
    cut: () => {
      state = "cut";
      for (const pair of pairs) end(pair);
    },
    stall: () => {
      state = "stalled";
      for (const { client, server } of pairs) for (const socket of [client, server]) socket.pause();
    },
    resume: () => {
      state = "passing";
      for (const pair of pairs) {
        if (pair.client.destroyed || pair.server.destroyed) end(pair);
        else for (const socket of [pair.client, pair.server]) socket.resume();
      }
    },
    close: async () => {
      for (const pair of pairs) end(pair);
      listener.close();
      await once(listener, "close");
    },
  };
};
