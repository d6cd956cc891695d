import { setTimeout as delay } from "node:timers/promises";
import type { Namespace, Socket } from "socket.io";
import { callerOf } from "../domain/principal.ts";
import type { App } from "../usecases/app.ts";
import type { RequestContext } from "../usecases/context.ts";
import { lobbyOf } from "../usecases/rooms/lobby.ts";
import { Audience } from "./audience.ts";
import { type Credential, authenticateHandshake, refuse } from "./auth.ts";
import { Boards } from "./boards.ts";
import { Connection } from "./connection.ts";
import { clientEvents } from "./events.ts";
import type { Acknowledgement, ClientEvent } from "./events/define-event.ts";
import { PresenceFeed, aboutOf } from "./presence-feed.ts";
import { PresenceKeeper } from "./presence-keeper.ts";
import { RoomFeed } from "./room-feed.ts";
import { Rooms } from "./rooms.ts";

/** How often credentials and lobbies are looked at. */
const lookMs = 1_000;
const lobbyMs = 3_000;

/** How long a connection may take to show that somebody is there, after this node was taken for dead. */
const answerMs = 5_000;

/** The connections of this node. */
export class Live {
  readonly #app: App;
  readonly #namespace: Namespace;
  readonly #audience: Audience;
  readonly #feed: RoomFeed;
  readonly #presence: PresenceFeed;
  readonly #boards: Boards;
  readonly #keeper: PresenceKeeper;
  readonly #rooms: Rooms;
  readonly #connections = new Map<string, Connection>();
  /** How many connections each caller has here. */
  readonly #callers = new Map<string, number>();
  readonly #begun = Promise.withResolvers<void>();
  readonly #timers: NodeJS.Timeout[];
  readonly #stopListening: () => void;
  #draining = false;

  constructor(app: App, namespace: Namespace) {
    this.#app = app;
    this.#namespace = namespace;
    this.#audience = new Audience(namespace);
    this.#feed = new RoomFeed(app, {
      beforeOpen: (state) => this.#boards.beforeOpen(state),
      afterOpen: async ({ session }) => {
        await Promise.all([this.#presence.look(session.id), this.#presence.look(lobbyOf(session.id))]);
      },
      onEvent: (event, state) => {
        this.#audience.tellRoom(aboutOf(state), event.type, event);
        this.#boards.onEvent(event, state);
        this.#rooms.onEvent(event);
        // Presence may know more of a newcomer than that they are there.
        if (event.type === "participant:joined") void this.#presence.look(event.sessionId);
      },
    });
    this.#presence = new PresenceFeed(app, this.#feed, this.#audience);
    const { feed, presence, audience } = {
      feed: this.#feed,
      presence: this.#presence,
      audience: this.#audience,
    };
    this.#boards = new Boards(app, { feed, presence, audience });
    this.#keeper = new PresenceKeeper(app, (time) => this.#tellAll(time));
    this.#rooms = new Rooms(app, { feed, presence, keeper: this.#keeper });
    this.#stopListening = app.publisher.onAdmissionNews((sessionId) =>
      this.#rooms.knockAgain(sessionId, (connection) => this.#contextOf(connection)),
    );
    this.#timers = [
      setInterval(() => this.#closeExpired(), lookMs),
      setInterval(() => this.#knockAgain(), lobbyMs),
    ];
    namespace.use((socket, next) => {
      this.#admit(socket).then(() => next(), next);
    });
    namespace.on("connection", (socket) => this.#connect(socket));
  }

  /** Opens the doors: those who came before have waited. */
  async begin(): Promise<void> {
    await this.#keeper.begin();
    this.#begun.resolve();
  }

  /**
   * Tells everybody to come back elsewhere, each at a moment of their own, goes on answering until then, and waits until
   * their rooms know; `DRAIN_SECONDS` at most.
   */
  async close(): Promise<void> {
    this.#draining = true;
    const connections = [...this.#connections.values()];
    const spreadMs = Math.min(this.#app.config.drainSeconds * 400, connections.length * 3);
    const gone = connections.map(async (connection, index) => {
      const { socket } = connection;
      const disconnected = new Promise((resolve) => socket.once("disconnect", resolve));
      const reconnectInMs = Math.round(((index + Math.random()) / connections.length) * spreadMs);
      socket.emit("hub:draining", { reconnectInMs });
      await delay(reconnectInMs, undefined, { ref: false });
      await connection.idle();
      connection.close("draining");
      if (socket.connected) await disconnected;
      await connection.idle();
    });
    const tooLong = delay(this.#app.config.drainSeconds * 1000, undefined, { ref: false });
    await Promise.race([Promise.all(gone), tooLong]);
    for (const timer of this.#timers) clearInterval(timer);
    this.#stopListening();
    this.#rooms.close();
    await this.#keeper.close();
    await this.#boards.close();
    await this.#presence.close();
    await this.#feed.close();
  }

  async #admit(socket: Socket): Promise<void> {
    if (this.#draining) throw refuse("This node is closing.", { code: "unavailable" });
    await this.#begun.promise;
    const credential = await authenticateHandshake(this.#app, socket);
    const most = this.#app.config.connectionsPerPerson;
    if ((this.#callers.get(callerOf(credential.principal)) ?? 0) >= most) {
      throw refuse(`A person may have ${most} connections: close one first.`, {
        code: "rate_limited",
        retryAfterMs: 10_000,
      });
    }
    dataOf(socket).credential = credential;
  }

  #connect(socket: Socket): void {
    const { credential } = dataOf(socket);
    if (!credential || this.#draining) {
      socket.disconnect(true);
      return;
    }
    const connection = new Connection(socket, credential, (error) =>
      this.#app.log.error({ err: error }, "a task of a connection failed"),
    );
    this.#connections.set(connection.id, connection);
    const caller = callerOf(connection.principal);
    this.#callers.set(caller, (this.#callers.get(caller) ?? 0) + 1);
    // One listener, not one for each event: thousands of connections have them.
    socket.onAny((name: string, ...sent: unknown[]) => {
      const event = eventsByName.get(name);
      if (event) this.#ask(connection, event, sent);
    });
    // What the handshake brought is not needed any more, and is larger than the rest of a connection.
    socket.handshake.auth = {};
    Object.assign(socket.conn, { request: null });
    // What is not of the protocol: the connection is closed by the one who parses, right after this.
    socket.on("error", () => connection.close("malformed"));
    socket.on("disconnect", () => {
      const left = (this.#callers.get(caller) ?? 1) - 1;
      if (left > 0) this.#callers.set(caller, left);
      else this.#callers.delete(caller);
      connection.enqueue(() => this.#disconnect(connection));
    });
  }

  #ask(connection: Connection, event: ClientEvent, sent: unknown[]): void {
    // The acknowledgement comes last, also behind no payload at all, or behind too many.
    const acknowledge = typeof sent.at(-1) === "function" ? sent.pop() : null;
    const [payload] = sent;
    const answer = (result: Acknowledgement): void => {
      if (acknowledge) (acknowledge as (result: Acknowledgement) => void)(result);
    };
    const retryAfterMs = connection.admit();
    if (retryAfterMs > 0) {
      const message = "You ask for more than is answered; slow down.";
      answer({ ok: false, error: { code: "rate_limited", message, retryAfterMs } });
      return;
    }
    connection.enqueue(() =>
      event.run(
        {
          app: this.#app,
          connection,
          context: this.#contextOf(connection),
          rooms: this.#rooms,
          boards: this.#boards,
          feed: this.#feed,
          namespace: this.#namespace,
        },
        payload,
        answer,
      ),
    );
  }

  #contextOf({ principal }: Connection): RequestContext {
    return { principal, requestId: this.#app.newId() };
  }

  /** After everything that the connection had asked for: a join under way is finished first, and then undone. */
  async #disconnect(connection: Connection): Promise<void> {
    this.#connections.delete(connection.id);
    this.#boards.unwatch(connection);
    await this.#rooms.drop(connection);
  }

  /**
   * Tells presence anew who is connected here: while this node was frozen, or Redis without a memory, they may have been
   * taken for gone. Only who answers is there: others went while nobody here could notice.
   * @param time those who were told at this time or later are left out
   * @throws when somebody could not be told for the moment: then it is to be tried again
   */
  async #tellAll(time: number): Promise<void> {
    const told = [...this.#connections.values()]
      .filter(({ memberships, toldAt }) => memberships.size > 0 && toldAt < time)
      .map((connection) => this.#tellAnew(connection, time));
    const failed = (await Promise.allSettled(told)).find(({ status }) => status === "rejected");
    if (failed) throw (failed as PromiseRejectedResult).reason;
  }

  async #tellAnew(connection: Connection, time: number): Promise<void> {
    if (!(await connection.answers(answerMs))) {
      connection.drop();
      return;
    }
    await new Promise<void>((resolve, reject) => {
      // In the connection's own order: one that ends meanwhile must not be brought back.
      connection.enqueue(async () => {
        if (!this.#connections.has(connection.id)) return resolve();
        await this.#rooms.rejoin(connection, this.#contextOf(connection)).then(resolve, reject);
      });
    });
    connection.toldAt = time;
  }

  #closeExpired(): void {
    const now = Date.now();
    for (const connection of this.#connections.values())
      if (connection.expiresAt.getTime() <= now) connection.close("token_expired");
  }

  /** For hints that were lost: somebody in a lobby may have been admitted. */
  #knockAgain(): void {
    for (const sessionId of this.#rooms.lobbies())
      this.#rooms.knockAgain(sessionId, (connection) => this.#contextOf(connection));
  }
}

const eventsByName = new Map(clientEvents.map((event) => [event.name, event]));

const dataOf = (socket: Socket): { credential?: Credential } => socket.data as { credential?: Credential };
