import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";
import { DomainError } from "../domain/errors.ts";
import type { Awaited, Presence, RoomConnection } from "./presence.ts";

export type RedisPresenceOptions = {
  redis: Redis;
  prefix: string;
  nodeId: string;
  /** How long a node may be silent before it is taken for dead. */
  leaseMs?: number;
};

/**
 * Presence of a hub of several nodes, on one Redis (no cluster: see `presence-heartbeat.lua`). Each change is one
 * script, and Redis' clock is the only one.
 */
export const createRedisPresence = ({
  redis,
  prefix,
  nodeId,
  leaseMs = 5_000,
}: RedisPresenceOptions): Presence => {
  const base = `${prefix}:presence`;
  const due = `${base}:due`;
  const nodes = `${base}:nodes`;
  const connectionsOf = (sessionId: string): string => `${base}:connections:${sessionId}`;
  const peopleOf = (sessionId: string): string => `${base}:people:${sessionId}`;
  const nodeKey = (id: string): string => `${base}:node:${id}`;
  const ownConnections = `${nodeKey(nodeId)}:connections`;
  const script = {
    connect: defineScript(redis, "connect", 5),
    disconnect: defineScript(redis, "disconnect", 4),
    expect: defineScript(redis, "expect", 2),
    due: defineScript(redis, "due", 1),
    forget: defineScript(redis, "forget", 2),
    clear: defineScript(redis, "clear", 3),
    heartbeat: defineScript(redis, "heartbeat", 3),
  };
  const roomKeys = (sessionId: string) => [connectionsOf(sessionId), peopleOf(sessionId), due];
  let firstBeat = true;

  return {
    connect: async ({ sessionId, participantId, connectionId }: RoomConnection) => {
      const keys = [...roomKeys(sessionId), ownConnections, nodes];
      const answer = await script.connect(keys, [sessionId, participantId, connectionId, nodeId]);
      const [connections, before] = answer as [number, number];
      return { connections, before: before < 0 ? null : before > 0 ? "connected" : "reconnecting" };
    },
    disconnect: async ({ sessionId, participantId, connectionId }, graceMs) => {
      const keys = [...roomKeys(sessionId), ownConnections];
      const answer = await script.disconnect(keys, [sessionId, participantId, connectionId, graceMs]);
      const [connections, changed] = answer as [number, number];
      return { connections, changed: changed === 1 };
    },
    expect: async ({ sessionId, participantId }, graceMs) => {
      await script.expect([peopleOf(sessionId), due], [sessionId, participantId, graceMs]);
    },
    count: async (sessionId, participantId) =>
      Number((await reached(redis.hget(peopleOf(sessionId), participantId))) ?? 0),
    read: async (sessionId) =>
      Object.entries(await reached(redis.hgetall(peopleOf(sessionId)))).map(([participantId, text]) => {
        const connections = Number(text);
        return { participantId, connections, status: connections > 0 ? "connected" : "reconnecting" };
      }),
    due: async (limit) => ((await script.due([due], [limit])) as string[]).map(toAwaited),
    forget: async (sessionId, participantId) => {
      await script.forget([peopleOf(sessionId), due], [sessionId, participantId]);
    },
    clear: async (sessionId) => {
      await script.clear(roomKeys(sessionId), [sessionId, nodeKey("")]);
    },
    heartbeat: async (graceMs) => {
      const settings = [nodeId, leaseMs, graceMs, nodeKey(""), connectionsOf(""), peopleOf("")];
      const answer = await script.heartbeat([nodeKey(nodeId), nodes, due], settings);
      const [held, lost] = answer as [number, string[]];
      const lapsed = held === 0 && !firstBeat;
      firstBeat = false;
      return { lapsed, lost: lost.map(toAwaited) };
    },
    close: async () => {
      // Without its lease the next beat of another node takes away what this one could not.
      await redis.del(nodeKey(nodeId)).catch(() => {});
    },
  };
};

/** What is asked of Redis; that it cannot be asked is told as a refusal that may be tried again. */
const reached = async <T>(asked: Promise<T>): Promise<T> => {
  try {
    return await asked;
  } catch (cause) {
    throw new DomainError(
      "unavailable",
      "unavailable",
      "The hub cannot tell who is present at this moment.",
      {
        facts: { retryAfterMs: 1_000 },
        cause,
      },
    );
  }
};

const toAwaited = (text: string): Awaited => {
  const [sessionId = "", participantId = ""] = text.split("|");
  return { sessionId, participantId };
};

type Script = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

/** Makes a command of a script: sent by its digest, and whole where Redis does not know it. */
const defineScript = (redis: Redis, name: string, numberOfKeys: number): Script => {
  const command = `courtside:presence:${name}`;
  const lua = readFileSync(new URL(`./scripts/presence-${name}.lua`, import.meta.url), "utf8");
  redis.defineCommand(command, { numberOfKeys, lua });
  const commands = redis as unknown as Record<
    string,
    (...parameters: (string | number)[]) => Promise<unknown>
  >;
  return async (keys, args) => {
    const call = commands[command];
    if (!call) throw new Error(`the script ${name} was not defined`);
    return reached(call.call(redis, ...keys, ...args));
  };
};
