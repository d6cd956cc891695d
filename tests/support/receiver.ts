import { once } from "node:events";
import { type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as a receiver of webhooks got it. */
export type Received = {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  at: number;
};

/** What a receiver answers: a status with headers and a body, or whatever the function does. */
export type Reaction =
  | { status: number; headers?: Record<string, string>; body?: string }
  | ((response: ServerResponse) => void);

/** A server of somebody else, on a free port of 127.0.0.1: keeps what it gets, and answers what it is told to. */
export type Receiver = {
  url: string;
  received: Received[];
  /** From now on; 204 at first. */
  answer(reaction: Reaction): void;
  close(): Promise<void>;
};

export const startReceiver = async (): Promise<Receiver> => {
  const received: Received[] = [];
  let reaction: Reaction = { status: 204 };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers as Record<string, string>,
        body: Buffer.concat(chunks).toString("utf8"),
        at: performance.now(),
      });
      if (typeof reaction === "function") reaction(response);
      else response.writeHead(reaction.status, reaction.headers).end(reaction.body);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    answer: (next) => {
      reaction = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
