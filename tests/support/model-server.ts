import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What a model was asked. */
export type Asked = {
  path: string;
  headers: IncomingMessage["headers"];
  body: { model: string; max_tokens: number; messages: { role: string; content: string }[] };
  /** What it was shown of the session. */
  conversation: { notes: string | null; earlierMessages: number; messages: { from: string; text: string }[] };
};

type Answer = (asked: Asked, response: ServerResponse) => void | Promise<void>;

/** A language model's API on this machine, whose answers the test makes. */
export type ModelServer = {
  url: string;
  asked: Asked[];
  answer(with_: Answer): void;
  close(): Promise<void>;
};

export const createModelServer = async (): Promise<ModelServer> => {
  const asked: Asked[] = [];
  let answer: Answer = (_, response) => say(response, "They spoke.");
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
    const body = JSON.parse(text) as Asked["body"];
    const { content = "" } = body.messages.at(-1) ?? {};
    const conversation = JSON.parse(content) as Asked["conversation"];
    const one = { path: request.url ?? "", headers: request.headers, body, conversation };
    asked.push(one);
    await answer(one, response);
  };
  const server = createServer((request, response) => {
    take(request, response).catch((error: unknown) => response.writeHead(599).end(String(error)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer: (next) => {
      answer = next;
    },
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

/** Answers as such an API does. */
export const say = (response: ServerResponse, content: unknown): void => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ choices: [{ message: { role: "assistant", content } }] }));
};
