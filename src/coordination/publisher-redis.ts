import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { RoomEvent } from "../domain/room.ts";
import { Listeners } from "./publisher-memory.ts";
import type { Publisher, RoomNews } from "./publisher.ts";

export type RedisPublisherOptions = {
  redis: Redis;
  /** A connection of its own, since one that subscribes can do nothing else. */
  subscriber: Redis;
  prefix: string;
  log: Pick<Logger, "error" | "warn" | "debug">;
};

/** As it travels: `from` lets a node pass over what it said itself. */
type Message = {
  from: string;
  rooms: RoomNews[];
  presence: string[];
  admissions: string[];
  outbox: boolean;
};

/**
 * News of a hub of several nodes: this node's own listeners are told directly, the others over Redis. What Redis
 * loses is found in the log and the outbox by those who look there.
 */
export const createRedisPublisher = ({
  redis,
  subscriber,
  prefix,
  log,
}: RedisPublisherOptions): Publisher => {
  const from = randomUUID();
  const channel = `${prefix}:news`;
  const room = new Listeners<RoomNews>(log);
  const presence = new Listeners<string>(log);
  const admission = new Listeners<string>(log);
  const outbox = new Listeners<void>(log);
  let next: Message | null = null;

  /** What one turn of the event loop has to tell goes as one message. */
  const gather = (): Message => {
    if (!next) {
      next = { from, rooms: [], presence: [], admissions: [], outbox: false };
      setImmediate(() => {
        const text = JSON.stringify(next);
        next = null;
        redis.publish(channel, text).catch((error: unknown) => {
          log.debug({ err: error }, "news did not reach the other nodes");
        });
      });
    }
    return next;
  };
  const hear = (_channel: string, text: string): void => {
    const message = parse(text);
    if (!message) log.debug("news that could not be read were passed over");
    else if (message.from !== from) {
      for (const news of message.rooms) room.tell(news);
      for (const sessionId of message.presence) presence.tell(sessionId);
      for (const sessionId of message.admissions) admission.tell(sessionId);
      if (message.outbox) outbox.tell();
    }
  };
  subscriber.on("message", hear);
  // The client subscribes again by itself whenever it has reconnected.
  subscriber
    .subscribe(channel)
    .catch((error: unknown) => log.warn({ err: error }, "news of other nodes cannot be heard"));
  return {
    publishRoomNews: (news) => {
      room.tell(news);
      gather().rooms.push(news);
    },
    publishPresenceNews: (sessionId) => {
      presence.tell(sessionId);
      gather().presence.push(sessionId);
    },
    publishAdmissionNews: (sessionId) => {
      admission.tell(sessionId);
      gather().admissions.push(sessionId);
    },
    publishOutboxNews: () => {
      outbox.tell();
      gather().outbox = true;
    },
    onRoomNews: (listener) => room.add(listener),
    onPresenceNews: (listener) => presence.add(listener),
    onAdmissionNews: (listener) => admission.add(listener),
    onOutboxNews: (listener) => outbox.add(listener),
    close: async () => {
      room.clear();
      presence.clear();
      admission.clear();
      outbox.clear();
      subscriber.off("message", hear);
      await subscriber.unsubscribe(channel).catch(() => {});
    },
  };
};

/** What a message says; nodes of another version may leave parts out. */
const parse = (text: string): Message | null => {
  try {
    const {
      from,
      rooms = [],
      presence = [],
      admissions = [],
      outbox = false,
    } = JSON.parse(text) as Partial<Message>;
    const revived = rooms.map((news) => ({
      ...news,
      events: news.events.map((event): RoomEvent => ({ ...event, at: new Date(event.at) })),
    }));
    return { from: from ?? "", rooms: revived, presence, admissions, outbox };
  } catch {
    return null;
  }
};
