import { Parser } from "@asyncapi/parser";
import { expect, test } from "vitest";
import { createAsyncApi } from "../../src/realtime/async-api.ts";
import { closings } from "../../src/realtime/closing.ts";
import { clientEvents } from "../../src/realtime/events.ts";
import { hubEvents } from "../../src/realtime/hub-events.ts";

const written = createAsyncApi("https://coaching.example.com");

/** Errors and warnings, not information and hints. */
const isSerious = (severity: number): boolean => severity <= 1;

test("the document is one that a validator has nothing against", async () => {
  const { document, diagnostics } = await new Parser().parse(JSON.stringify(written));
  expect(diagnostics.filter((one) => isSerious(one.severity))).toEqual([]);
  expect(document?.servers().all()[0]?.url()).toBe("wss://coaching.example.com/socket.io/");
  const operations = document?.operations().all() ?? [];
  const names = (action: string) =>
    operations
      .filter((operation) => operation.action() === action)
      .flatMap((operation) => operation.messages().all())
      .map((message) => message.name());
  expect(names("receive")).toEqual(clientEvents.map(({ name }) => name));
  expect(names("send")).toEqual(Object.keys(hubEvents));
});

test("it tells every code with which a connection is closed", () => {
  const { payload } = written.channels.live.messages["hub.connection.closing"] as { payload: object };
  expect(JSON.stringify(payload)).toContain(JSON.stringify(Object.keys(closings)));
});
