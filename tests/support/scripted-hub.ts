import { createServer } from "node:http";
import { once } from "node:events";
import { Server, type Socket } from "socket.io";
import type { DurableEvent, Participant, Session } from "../../src/client/protocol.ts";

/** A request as it came: `answer` acknowledges it. */
export type Asked = {
  socket: Socket;
  name: string;
  payload: Record<string, unknown>;
  answer: (ack: Record<string, unknown>) => void;
};

/** A Socket.IO server on `/live` that plays the part of a hub by a test's script. */
export type ScriptedHub = {
  url: string;
  /** The tokens of all connections that were tried, oldest first. */
  tokens: string[];
  /** The connections that are open. */
  sockets(): Socket[];
  /** The newest connection. @throws when there is none */
  socket(): Socket;
  /** All that was asked under this name, oldest first. */
  asked(name: string): Record<string, unknown>[];
  /** Answers what is asked under this name from now on. Null lets it go unanswered. */
  answer(name: string, reply: ((asked: Asked) => Record<string, unknown> | null) | null): void;
  /** Whether a connection is let in: what it throws is what the client is told, with its `data`. */
  admit(check: (token: string) => void): void;
  /** What is awaited before a connection is let in. */
  hold(until: () => Promise<void>): void;
  close(): Promise<void>;
};

/** `pingMs`: how often it says that it lives, and how long it may be silent beyond that. */
export const createScriptedHub = async ({ pingMs = 10_000 } = {}): Promise<ScriptedHub> => {
  const http = createServer();
  const io = new Server(http, { transports: ["websocket"], pingInterval: pingMs, pingTimeout: pingMs });
  const live = io.of("/live");
  const tokens: string[] = [];
  const all: Asked[] = [];
  const replies = new Map<string, ((asked: Asked) => Record<string, unknown> | null) | null>();
  let check: (token: string) => void = () => {};
  let held: () => Promise<void> = async () => {};
  live.use((socket, next) => {
    const { token } = socket.handshake.auth as { token: string };
    tokens.push(token);
    try {
      check(token);
      void held().then(() => next());
    } catch (error) {
      next(error as Error);
    }
  });
  live.on("connection", (socket) => {
    socket.onAny((name: string, payload: Record<string, unknown>, answer: Asked["answer"]) => {
      const asked = { socket, name, payload, answer };
      all.push(asked);
      const reply = replies.get(name);
      const ack = reply === undefined ? { ok: true } : reply?.(asked);
      if (ack) answer(ack);
    });
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const address = http.address();
  if (typeof address !== "object" || !address) throw new Error("the system gave no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    tokens,
    sockets: () => [...live.sockets.values()],
    socket: () => {
      const socket = [...live.sockets.values()].at(-1);
      if (!socket) throw new Error("nobody is connected");
      return socket;
    },
    asked: (name) => all.filter((asked) => asked.name === name).map(({ payload }) => payload),
    answer: (name, reply) => void replies.set(name, reply),
    admit: (given) => {
      check = given;
    },
    hold: (until) => {
      held = until;
    },
    close: () => io.close(),
  };
};

/** What the client is told when it is not let in. */
export const refusal = (code: string, more: Record<string, unknown> = {}): Error =>
  Object.assign(new Error(`refused: ${code}`), { data: { code, ...more } });

export const sessionId = "0198c0de-0000-7000-8000-000000000001";

const at = "2030-01-01T10:00:00.000Z";

export const aSession = (over: Partial<Session> = {}): Session => ({
  id: sessionId,
  bookingId: "booking",
  status: "scheduled",
  coachId: "ada",
  clientId: "maya",
  startsAt: at,
  endsAt: "2030-01-01T10:30:00.000Z",
  startedAt: null,
  endedAt: null,
  endReason: null,
  absent: null,
  participantCount: 1,
  lastSeq: 0,
  version: 1,
  createdAt: at,
  updatedAt: at,
  ...over,
});

export const aPerson = (participantId: string, over: Partial<Participant> = {}): Participant => ({
  participantId,
  role: participantId === "ada" ? "coach" : "client",
  name: participantId,
  joinedAt: at,
  connections: 1,
  status: "connected",
  state: {},
  ...over,
});

/** A message of Maya's as the log has it. */
export const aMessage = (seq: number, text = `message ${seq}`): DurableEvent<"message:posted"> => ({
  sessionId,
  seq,
  id: `event-${seq}`,
  type: "message:posted",
  at,
  actor: { type: "client", id: "maya", name: "maya" },
  data: { messageId: `m-${seq}`, participantId: "maya", name: "maya", text },
});

/** The answer to a join: Ada's, with Maya there, after `seq` events. */
export const aSnapshot = (seq: number, over: Record<string, unknown> = {}): Record<string, unknown> => ({
  ok: true,
  session: aSession({ lastSeq: seq }),
  self: aPerson("ada"),
  participants: [aPerson("ada"), aPerson("maya")],
  seq,
  recovered: true,
  events: [],
  ...over,
});
