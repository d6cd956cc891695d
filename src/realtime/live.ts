import { setTimeout as delay } from "node:timers/promises";
import type { Namespace, Socket } from "socket.io";
import type { RoomConnection } from "../coordination/presence.ts";
import { DomainError } from "../domain/errors.ts";
import type { Principal } from "../domain/principal.ts";
import type { RoomEvent } from "../domain/room.ts";
import type { App } from "../usecases/app.ts";
import { disconnectFromRoom } from "../usecases/rooms/disconnect.ts";
import { joinRoom } from "../usecases/rooms/join.ts";
import { authenticateHandshake } from "./auth.ts";
import { Connection, roomOf } from "./connection.ts";
import type { Acknowledgement, ClientEvent } from "./events/define-event.ts";
import { messageSend } from "./events/message-send.ts";
import { sessionEnd } from "./events/session-end.ts";
import { sessionJoin } from "./events/session-join.ts";
import { sessionLeave } from "./events/session-leave.ts";
import { sessionStart } from "./events/session-start.ts";
import { PresenceKeeper } from "./presence-keeper.ts";
import { RoomFeed } from "./room-feed.ts";

const clientEvents: readonly ClientEvent[] = [
  sessionJoin,
  sessionLeave,
  sessionStart,
  sessionEnd,
  messageSend,
];

/** How long those who were in a room that closed are still sent its events: until the summary, or this long. */
const afterglowMs = 60_000;

/** What one connection may have asked for and not been answered; more is a flood, and refused without work. */
const maxWaiting = 64;

const tooMany = {
  code: "rate_limited",
  message: "Wait for answers before you ask for more.",
  retryAfterMs: 1_000,
};

/** The connections of this node, and the rooms that they are in. */
export class Live {
  readonly #app: App;
  readonly #namespace: Namespace;
  readonly #feed: RoomFeed;
  readonly #keeper: PresenceKeeper;
  readonly #connections = new Map<string, Connection>();
  readonly #afterglows = new Map<string, NodeJS.Timeout>();
  readonly #begun = Promise.withResolvers<void>();
  #draining = false;

  constructor(app: App, namespace: Namespace) {
    this.#app = app;
    this.#namespace = namespace;
    this.#feed = new RoomFeed(app, (event) => this.#watchClosing(event));
    this.#keeper = new PresenceKeeper(app, {
      rejoin: () => this.#rejoin(),
      onLost: (person) => this.#tellPresence(person, 0),
    });
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
   * Tells everybody to come back elsewhere, at moments that are spread out, closes their connections and waits
   * until their rooms know, `DRAIN_SECONDS` at most. It is the transport that is closed, not the socket: a
   * Socket.IO client comes back by itself from the one, and not from the other.
   */
  async close(): Promise<void> {
    this.#draining = true;
    const connections = [...this.#connections.values()];
    const spreadMs = Math.min(5_000, connections.length * 2);
    const gone = connections.map(async (connection) => {
      const { socket } = connection;
      const disconnected = new Promise((resolve) => socket.once("disconnect", resolve));
      socket.emit("hub:draining", { reconnectInMs: 100 + Math.round(Math.random() * spreadMs) });
      socket.conn.close();
      await disconnected;
      await connection.idle();
    });
    const tooLong = delay(this.#app.config.drainSeconds * 1000, undefined, { ref: false });
    await Promise.race([Promise.all(gone), tooLong]);
    for (const timer of this.#afterglows.values()) clearTimeout(timer);
    await this.#keeper.close();
    await this.#feed.close();
  }

  async #admit(socket: Socket): Promise<void> {
    if (this.#draining)
      throw Object.assign(new Error("This node is closing."), { data: { code: "unavailable" } });
    await this.#begun.promise;
    dataOf(socket).principal = await authenticateHandshake(this.#app, socket);
  }

  #connect(socket: Socket): void {
    const { principal } = dataOf(socket);
    if (!principal || this.#draining) {
      socket.disconnect(true);
      return;
    }
    const connection = new Connection(socket, principal, (error) =>
      this.#app.log.error({ err: error }, "a task of a connection failed"),
    );
    this.#connections.set(connection.id, connection);
    for (const event of clientEvents) {
      socket.on(event.name, (...sent: unknown[]) => {
        // The acknowledgement comes last, also behind no payload at all, or behind too many.
        const acknowledge = typeof sent.at(-1) === "function" ? sent.pop() : null;
        const [payload] = sent;
        const answer = (result: Acknowledgement): void => {
          if (acknowledge) (acknowledge as (result: Acknowledgement) => void)(result);
        };
        if (connection.waiting >= maxWaiting) answer({ ok: false, error: tooMany });
        else connection.enqueue(() => event.run(this.#scope(connection), payload, answer));
      });
    }
    socket.on("disconnect", () => connection.enqueue(() => this.#disconnect(connection)));
  }

  #scope(connection: Connection) {
    const { principal } = connection;
    const context = { principal, requestId: this.#app.newId() };
    return { app: this.#app, connection, context, feed: this.#feed, namespace: this.#namespace };
  }

  /** After everything that the connection had asked for: a join under way is finished first, and then undone. */
  async #disconnect(connection: Connection): Promise<void> {
    this.#connections.delete(connection.id);
    for (const { sessionId } of connection.memberships.values())
      this.#feed.unsubscribe(sessionId, connection.id);
    for (const room of roomConnections(connection)) {
      try {
        const left = await disconnectFromRoom(this.#app, room);
        if (left !== null) this.#tellPresence(room, left);
      } catch (error) {
        this.#app.log.warn({ err: error }, "the end of a connection could not be told; it is told later");
        this.#keeper.remember(room);
      }
    }
  }

  /**
   * Brings everybody who is connected here back into their rooms: while this node was frozen, or Redis without a
   * memory, they may have been taken for gone, and have left.
   * @throws what keeps one of them out for the moment: then it is to be tried again
   */
  async #rejoin(): Promise<void> {
    const connections = [...this.#connections.values()];
    await Promise.all(
      connections.map(
        (connection) =>
          new Promise<void>((resolve, reject) => {
            // In the connection's own order: one that ends meanwhile must not be brought back.
            connection.enqueue(() => this.#rejoinRooms(connection).then(resolve, reject));
          }),
      ),
    );
  }

  async #rejoinRooms(connection: Connection): Promise<void> {
    if (!this.#connections.has(connection.id)) return;
    for (const { sessionId, connectionId } of roomConnections(connection)) {
      try {
        const joined = await joinRoom(this.#app, this.#scope(connection).context, {
          sessionId,
          connectionId,
        });
        const { participantId, connections, before } = joined;
        if (before !== "connected") this.#tellPresence({ sessionId, participantId }, connections);
      } catch (error) {
        // A room that closed meanwhile, or is full by now, takes nobody in: that will not change by itself.
        if (!(error instanceof DomainError) || error.kind === "unavailable") throw error;
      }
    }
  }

  #tellPresence(
    { sessionId, participantId }: { sessionId: string; participantId: string },
    connections: number,
  ): void {
    const status = connections > 0 ? "connected" : "reconnecting";
    this.#namespace
      .to(roomOf(sessionId))
      .emit("presence:changed", { sessionId, participantId, status, connections });
  }

  /** Notices that a room of this node closed, and lets its connections go once its summary is there. */
  #watchClosing({ sessionId, type }: RoomEvent): void {
    if (type === "session:ended" || type === "session:cancelled") {
      for (const { memberships } of this.#connections.values()) {
        const membership = memberships.get(sessionId);
        if (membership) membership.closed = true;
      }
      this.#afterglows.set(
        sessionId,
        setTimeout(() => this.#letGo(sessionId), afterglowMs),
      );
    }
    // Later, so that everybody has been sent the summary itself.
    if (type === "summary:ready") setImmediate(() => this.#letGo(sessionId));
  }

  #letGo(sessionId: string): void {
    clearTimeout(this.#afterglows.get(sessionId));
    this.#afterglows.delete(sessionId);
    for (const connection of this.#connections.values()) {
      if (!connection.memberships.get(sessionId)?.closed) continue;
      connection.memberships.delete(sessionId);
      this.#feed.unsubscribe(sessionId, connection.id);
      void connection.socket.leave(roomOf(sessionId));
    }
  }
}

const dataOf = (socket: Socket): { principal?: Principal } => socket.data as { principal?: Principal };

/** The connection as presence knows it: once for each room that is open. */
const roomConnections = (connection: Connection): RoomConnection[] =>
  [...connection.memberships.values()]
    .filter(({ closed }) => !closed)
    .map(({ sessionId, participantId }) => ({ sessionId, participantId, connectionId: connection.id }));
