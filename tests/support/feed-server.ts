import { type IncomingHttpHeaders, type ServerResponse, createServer } from "node:http";

/** What a feed server was asked. */
type Asked = { path: string; headers: IncomingHttpHeaders };

/** A server of calendars, somewhere else. */
export type FeedServer = {
  url: string;
  asked: Asked[];
  /** Answers from now on; a text is a feed. */
  answer(how: string | ((asked: Asked, response: ServerResponse) => void)): void;
  close(): Promise<void>;
};

export const startFeedServer = async (): Promise<FeedServer> => {
  const asked: Asked[] = [];
  let answer: (asked: Asked, response: ServerResponse) => void = (_, response) =>
    response.writeHead(404).end();
  const server = createServer((request, response) => {
    const one = { path: request.url ?? "", headers: request.headers };
    asked.push(one);
    answer(one, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("a server that listens has an address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    answer: (how) => {
      answer =
        typeof how === "string"
          ? (_, response) => response.writeHead(200, { "content-type": "text/calendar" }).end(how)
          : how;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
