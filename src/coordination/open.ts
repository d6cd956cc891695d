import { createAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import { type Config, SetupError } from "../config.ts";
import type { Logger } from "../log.ts";
import { createMemoryLanes } from "./lanes-memory.ts";
import { createRedisLanes } from "./lanes-redis.ts";
import type { Lanes, RunLaneBatch } from "./lanes.ts";
import { createMemoryPresence } from "./presence-memory.ts";
import { createRedisPresence } from "./presence-redis.ts";
import type { Presence } from "./presence.ts";
import { createMemoryPublisher } from "./publisher-memory.ts";
import { createRedisPublisher } from "./publisher-redis.ts";
import type { Publisher } from "./publisher.ts";

/** How the nodes of a hub agree with one another; one node agrees with itself. */
export type Coordination<Job, RoomJob> = {
  lanes: Lanes<Job>;
  /** Lanes of rooms, of this node alone: what orders nodes is the lock of the session's row. */
  rooms: Lanes<RoomJob>;
  presence: Presence;
  publisher: Publisher;
  /** Carries passing events of sockets between nodes. */
  adapter: ReturnType<typeof createAdapter> | null;
  /** `off` on a hub of one node. */
  status: () => "ok" | "unreachable" | "off";
  close(): Promise<void>;
};

type CoordinationOptions<Job, RoomJob> = {
  config: Pick<Config, "redisUrl" | "redisPrefix">;
  nodeId: string;
  log: Logger;
  /** Runs what waits in lanes; not called before something does. */
  runBatch: RunLaneBatch<Job>;
  /** The same for rooms. */
  runRoomBatch: RunLaneBatch<RoomJob>;
};

/**
 * Opens what the settings ask for: Redis for any number of nodes, or the memory of this process for one.
 * @throws SetupError when Redis cannot be reached; once it runs, the hub outlives a Redis that goes away
 */
export const openCoordination = async <Job, RoomJob>({
  config,
  nodeId,
  log,
  runBatch,
  runRoomBatch,
}: CoordinationOptions<Job, RoomJob>): Promise<Coordination<Job, RoomJob>> => {
  const rooms = createMemoryLanes(runRoomBatch);
  if (!config.redisUrl) return openMemory({ lanes: createMemoryLanes(runBatch), rooms }, log);
  const { redisPrefix: prefix } = config;
  const redis = await connect(config.redisUrl, log);
  const subscriber = redis.duplicate();
  const adapterPublisher = redis.duplicate();
  const adapterSubscriber = redis.duplicate();
  const clients = [redis, subscriber, adapterPublisher, adapterSubscriber];
  for (const client of clients.slice(1)) client.on("error", () => {});
  await Promise.all(clients.slice(1).map((client) => client.connect()));
  const lanes = createRedisLanes(runBatch, { redis, prefix, log });
  const presence = createRedisPresence({ redis, prefix, nodeId });
  const publisher = createRedisPublisher({ redis, subscriber, prefix, log });
  return {
    lanes,
    rooms,
    presence,
    publisher,
    adapter: createAdapter(withoutRejections(adapterPublisher, log), adapterSubscriber, {
      key: `${prefix}:socket.io`,
    }),
    status: () => (redis.status === "ready" ? "ok" : "unreachable"),
    close: async () => {
      await rooms.close();
      await lanes.close();
      await presence.close();
      await publisher.close();
      for (const client of clients) client.disconnect();
    },
  };
};

const openMemory = <Job, RoomJob>(
  { lanes, rooms }: { lanes: Lanes<Job>; rooms: Lanes<RoomJob> },
  log: Logger,
): Coordination<Job, RoomJob> => {
  const presence = createMemoryPresence();
  const publisher = createMemoryPublisher(log);
  return {
    lanes,
    rooms,
    presence,
    publisher,
    adapter: null,
    status: () => "off",
    close: async () => {
      await rooms.close();
      await lanes.close();
      await presence.close();
      await publisher.close();
    },
  };
};

/** A client that fails at once while Redis is away, rather than keep requests waiting, and reconnects by itself. */
const connect = async (url: string, log: Logger): Promise<Redis> => {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 5_000,
    commandTimeout: 2_000,
    retryStrategy: (attempt) => Math.min(100 * attempt, 2_000),
  });
  let reported = false;
  redis.on("error", (error: Error) => {
    if (!reported) log.warn({ err: error }, "Redis is out of reach; the hub goes on without it");
    reported = true;
  });
  redis.on("ready", () => {
    if (reported) log.info("Redis is back");
    reported = false;
  });
  try {
    await redis.connect();
    return redis;
  } catch (error) {
    redis.disconnect();
    const { hostname, port } = new URL(url);
    const code = (error as { code?: string }).code ?? (error as Error).message;
    throw new SetupError([`REDIS_URL: Redis at ${hostname}:${port || "6379"} cannot be reached (${code}).`], {
      cause: error,
    });
  }
};

/**
 * The adapter neither awaits nor catches what it publishes, so a Redis that goes away would end the process. What
 * is lost passes anyway: durable events have their own way.
 */
const withoutRejections = (client: Redis, log: Logger): Redis =>
  new Proxy(client, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      if (property !== "publish") return value.bind(target) as unknown;
      return (...parameters: Parameters<Redis["publish"]>) =>
        target.publish(...parameters).catch((error: unknown) => {
          log.debug({ err: error }, "a passing event did not reach the other nodes");
          return 0;
        });
    },
  });
