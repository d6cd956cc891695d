import { type Socket, io } from "socket.io-client";
import type { RoomEvent } from "../../domain/room.ts";

export type Answer = { status: number; body: unknown };

/** A caller of the REST API. */
export type Api = {
  send(method: string, path: string, body?: unknown): Promise<Answer>;
  /** @throws when the answer is no success */
  post<T>(path: string, body: unknown): Promise<T>;
  /** @throws when the answer is no success */
  get<T>(path: string): Promise<T>;
};

export const createApi = (url: string, key: string): Api => {
  const send = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(`${url}/v1${path}`, {
      method,
      headers: { "x-api-key": key, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };
  const succeed = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await send(method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  };
  return { send, post: (path, body) => succeed("POST", path, body), get: (path) => succeed("GET", path) };
};

export type PresenceChange = { participantId: string; status: string; connections: number };

/** Somebody in a room, with all that they were told. */
export type Visitor = {
  /** What the join was answered with. */
  joined: Record<string, unknown>;
  /** The durable events so far, as they came. */
  events(): readonly RoomEvent[];
  lastSeq(): number;
  /** The first event of this type, once it is there. @throws after ten seconds */
  next(type: string, matches?: (event: RoomEvent) => boolean): Promise<RoomEvent>;
  /** The next presence change that matches. @throws after ten seconds */
  nextPresence(matches: (change: PresenceChange) => boolean): Promise<PresenceChange>;
  /** Asks the hub. @throws when it refuses */
  ask(event: string, payload: unknown): Promise<Record<string, unknown>>;
  /** Loses the connection. */
  drop(): void;
};

export type Entry = { url: string; token: string; sessionId: string; after?: number };

/** Connects and joins. @throws when the hub refuses, or does not answer in time */
export const enterRoom = async ({ url, token, sessionId, after }: Entry): Promise<Visitor> => {
  const socket = io(`${url}/live`, {
    auth: { token },
    transports: ["websocket"],
    reconnection: false,
    forceNew: true,
  });
  const events: RoomEvent[] = [];
  const changes: PresenceChange[] = [];
  const waiting = new Set<() => void>();
  socket.onAny((name: string, payload: RoomEvent | PresenceChange) => {
    if ("seq" in payload) events.push(payload);
    else if (name === "presence:changed") changes.push(payload);
    for (const look of waiting) look();
  });
  const until = <T>(what: string, find: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        waiting.delete(look);
        reject(new Error(`${what} did not come within ten seconds`));
      }, 10_000);
      waiting.add(look);
      look();
    });
  await connected(socket);
  const joined = await ask(socket, "session:join", { sessionId, ...(after === undefined ? {} : { after }) });
  return {
    joined,
    events: () => events,
    lastSeq: () => events.at(-1)?.seq ?? (joined["seq"] as number),
    next: (type, matches = () => true) =>
      until(type, () => events.find((event) => event.type === type && matches(event))),
    nextPresence: (matches) =>
      until("presence:changed", () => {
        const index = changes.findIndex(matches);
        return index === -1 ? undefined : changes.splice(0, index + 1).at(-1);
      }),
    ask: (event, payload) => ask(socket, event, payload),
    drop: () => socket.disconnect(),
  };
};

const connected = (socket: Socket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once("connect", () => resolve());
    socket.once("connect_error", (error) => {
      socket.disconnect();
      reject(error);
    });
  });

const ask = async (socket: Socket, event: string, payload: unknown): Promise<Record<string, unknown>> => {
  const answer = (await socket.timeout(10_000).emitWithAck(event, payload)) as Record<string, unknown>;
  if (answer["ok"] !== true) throw new Error(`${event}: ${JSON.stringify(answer["error"])}`);
  return answer;
};
