import { type Socket, io } from "socket.io-client";
import { clientEvents } from "../../src/realtime/events.ts";
import { hubEvents } from "../../src/realtime/hub-events.ts";
import { waitFor } from "./wait.ts";

export type Heard = { name: string; payload: Record<string, unknown> };
export type Ack = Record<string, unknown> & {
  ok: boolean;
  error?: { code: string; message: string; retryAfterMs?: number };
};

/** A Socket.IO client that keeps all that it hears. It does not come back by itself. */
export type LiveClient = {
  socket: Socket;
  heard: Heard[];
  /** The names of what was heard, with the seq where there is one. */
  names(): string[];
  /** Asks, and returns the acknowledgement whatever it says. */
  ask(event: string, payload?: unknown): Promise<Ack>;
  /** The first that was heard of this name and matches. @throws after ten seconds */
  next(
    name: string,
    matches?: (payload: Record<string, unknown>) => boolean,
  ): Promise<Record<string, unknown>>;
  /** Why the connection ended. @throws after twenty seconds */
  ended(): Promise<string>;
  close(): void;
};

/** @throws the refusal of the handshake, with `data.code` */
export const connectLive = async (url: string, token: string): Promise<LiveClient> => {
  const socket = io(`${url}/live`, {
    auth: { token },
    transports: ["websocket"],
    reconnection: false,
    forceNew: true,
  });
  const heard: Heard[] = [];
  let reason: string | null = null;
  let breach: Error | null = null;
  socket.onAny((name: string, payload: Record<string, unknown>) => {
    heard.push({ name, payload });
    // Whatever the hub tells is as its document says.
    const judged = hubEvents[name]?.payload.safeParse(payload);
    if (!judged?.success)
      breach ??= new Error(`${name} is not as documented: ${judged?.error?.message ?? "no such event"}`);
  });
  socket.once("disconnect", (why) => {
    reason = why;
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", () => resolve());
    socket.once("connect_error", (error) => {
      socket.disconnect();
      reject(error);
    });
  });
  return {
    socket,
    heard,
    names: () =>
      heard.map(({ name, payload }) => ("seq" in payload ? `${Number(payload["seq"])} ${name}` : name)),
    ask: async (event, payload = {}) => {
      const ack = (await socket.timeout(10_000).emitWithAck(event, payload)) as Ack;
      if (ack.ok) clientEvents.find(({ name }) => name === event)?.document.answer.parse(ack);
      if (breach) throw breach;
      return ack;
    },
    next: async (name, matches = () => true) =>
      (
        await waitFor(() => heard.find((one) => one.name === name && matches(one.payload)), {
          what: name,
          timeoutMs: 10_000,
        })
      ).payload,
    ended: () => waitFor(() => reason, { what: "the end of the connection", timeoutMs: 20_000 }),
    close: () => {
      socket.disconnect();
      if (breach) throw breach;
    },
  };
};
