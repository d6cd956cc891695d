import { once } from "node:events";
import { type Socket, connect, createServer } from "node:net";

/** Sees what one connection carries; what `toClient` returns is what the client gets. */
export type Filter = { toHub(chunk: Buffer): void; toClient(chunk: Buffer): Buffer };

/** Stands between a client and a server as a network that can be cut and held up. */
export type TcpProxy = {
  /** Like the target's, at the proxy's own port. */
  url: string;
  port: number;
  /** How many connections are open through it. */
  open(): number;
  /** How many there have been. */
  accepted(): number;
  /** Breaks all connections, both ways, as a cable that is pulled; new ones are taken. */
  cut(): void;
  /** Holds back what comes from now on, in one direction or both, and keeps the connections. */
  stall(direction?: Direction): void;
  /** Refuses new connections, or takes them again. */
  refuse(refused: boolean): void;
  /** Lets what was held back go on. */
  resume(): void;
  /** Leads new connections elsewhere. */
  redirect(target: string): void;
  close(): Promise<void>;
};

export type Direction = "both" | "toHub" | "toClient";

type Pair = { client: Socket; hub: Socket };

/**
 * Listens on a free port and passes everything on to `target`, a URL with a port.
 * @param newFilter makes the filter of each connection
 */
export const createTcpProxy = async (target: string, newFilter?: () => Filter): Promise<TcpProxy> => {
  let hub = new URL(target);
  const pairs = new Set<Pair>();
  let stalled: Direction | null = null;
  let refused = false;
  let accepted = 0;
  const holds = (direction: Direction): boolean => stalled === "both" || stalled === direction;
  const server = createServer((client) => {
    if (refused) {
      client.resetAndDestroy();
      return;
    }
    accepted += 1;
    const pair = { client, hub: connect(Number(hub.port), hub.hostname) };
    pairs.add(pair);
    const filter = newFilter?.();
    pass(pair.client, pair.hub, (chunk) => {
      filter?.toHub(chunk);
      return chunk;
    });
    pass(pair.hub, pair.client, (chunk) => filter?.toClient(chunk) ?? chunk);
    if (holds("toHub")) pair.client.pause();
    if (holds("toClient")) pair.hub.pause();
    for (const end of [pair.client, pair.hub]) {
      // An end that breaks takes the other with it.
      end.on("error", () => {});
      end.on("close", () => {
        pair.client.destroy();
        pair.hub.destroy();
        pairs.delete(pair);
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("the system gave no port");
  const cut = (): void => {
    for (const { client, hub } of pairs) {
      client.resetAndDestroy();
      hub.resetAndDestroy();
    }
    pairs.clear();
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    open: () => pairs.size,
    accepted: () => accepted,
    cut,
    stall: (direction = "both") => {
      stalled = direction;
      for (const { client, hub } of pairs) {
        if (holds("toHub")) client.pause();
        if (holds("toClient")) hub.pause();
      }
    },
    refuse: (value) => {
      refused = value;
    },
    resume: () => {
      stalled = null;
      for (const { client, hub } of pairs) {
        client.resume();
        hub.resume();
      }
    },
    redirect: (url) => {
      hub = new URL(url);
    },
    close: async () => {
      const closed = once(server, "close");
      server.close();
      cut();
      await closed;
    },
  };
};

/** Not pipe(): it resumes a source that was paused as soon as the other side drains. */
const pass = (from: Socket, to: Socket, filter: (chunk: Buffer) => Buffer): void => {
  from.on("data", (chunk: Buffer) => {
    const passed = filter(chunk);
    if (passed.length > 0) to.write(passed);
  });
  from.on("end", () => to.end());
};
