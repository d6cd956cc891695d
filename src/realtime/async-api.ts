import { z } from "zod";
import type { ErrorCode } from "../domain/errors.ts";
import { moment } from "../schemas/answers.ts";
import { clientEvents } from "./events.ts";
import { hubEvents } from "./hub-events.ts";

/** What an event, or the handshake, may be refused with. */
const refusalCodes = [
  "unauthenticated",
  "token_expired",
  "forbidden",
  "removed",
  "not_found",
  "invalid_state",
  "too_early",
  "session_closed",
  "room_full",
  "invalid_request",
  "rate_limited",
  "unavailable",
  "internal",
] as const satisfies readonly (ErrorCode | "internal")[];

const refusal = z.object({
  ok: z.literal(false),
  error: z.object({
    code: z.enum(refusalCodes),
    message: z.string(),
    retryAfterMs: z.int().optional(),
  }),
});

/** AsyncAPI allows fewer letters in a key than Socket.IO in the name of an event. */
const keyOf = (name: string): string => name.replaceAll(":", ".");

const toJsonSchema = (schema: z.ZodType, io: "input" | "output") => {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, {
    target: "draft-7",
    io,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema !== moment) return;
      delete jsonSchema.anyOf;
      Object.assign(jsonSchema, { type: "string", format: "date-time" });
    },
  });
  return json;
};

const acknowledged = (answer: z.ZodType) => ({
  oneOf: [
    {
      allOf: [
        { type: "object", properties: { ok: { const: true } }, required: ["ok"] },
        toJsonSchema(answer, "output"),
      ],
    },
    { $ref: "#/components/schemas/Refusal" },
  ],
});

const channel = { $ref: "#/channels/live" };
const messageAt = (key: string) => ({ $ref: `#/channels/live/messages/${key}` });

/**
 * The AsyncAPI document of the live protocol, from the schemas that validate what comes in and that tests hold what goes
 * out to.
 * @param publicUrl where callers reach the hub
 */
export const createAsyncApi = (publicUrl: string) => {
  const { host, protocol } = new URL(publicUrl);
  const asked = clientEvents.flatMap(({ name, document }) => [
    [
      keyOf(name),
      { name, summary: document.summary, payload: toJsonSchema(document.payload, "input") },
    ] as const,
    [
      `${keyOf(name)}.ack`,
      { name: `${name} (acknowledgement)`, payload: acknowledged(document.answer) },
    ] as const,
  ]);
  const told = Object.entries(hubEvents).map(
    ([name, { summary, payload }]) =>
      [`hub.${keyOf(name)}`, { name, summary, payload: toJsonSchema(payload, "output") }] as const,
  );
  const asking = clientEvents.map(({ name, document }) => [
    keyOf(name),
    {
      action: "receive",
      channel,
      summary: document.summary,
      messages: [messageAt(keyOf(name))],
      reply: { channel, messages: [messageAt(`${keyOf(name)}.ack`)] },
    },
  ]);
  const telling = Object.entries(hubEvents).map(([name, { summary }]) => [
    `hub.${keyOf(name)}`,
    { action: "send", channel, summary, messages: [messageAt(`hub.${keyOf(name)}`)] },
  ]);
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Courtside live",
      version: "0.1.0",
      description:
        "Rooms of live coaching sessions over Socket.IO 4 (protocol 5), WebSocket only by default. A client connects to " +
        "the namespace `/live` with `auth: { token }`, a user's token or a ticket; what it sends is acknowledged. How " +
        "they work together is told in docs/live-protocol.md.",
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    servers: {
      hub: {
        host,
        pathname: "/socket.io/",
        protocol: protocol === "https:" ? "wss" : "ws",
        security: [{ $ref: "#/components/securitySchemes/token" }],
      },
    },
    channels: {
      live: { address: "/live", messages: Object.fromEntries([...asked, ...told]) },
    },
    operations: Object.fromEntries([...asking, ...telling]),
    components: {
      schemas: { Refusal: toJsonSchema(refusal, "output") },
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description:
            "In the handshake, as `auth: { token }`. A refusal is a `connect_error` with `data.code`.",
        },
      },
    },
  };
};
