import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";
import { DomainError } from "../domain/errors.ts";
import type { Awaited, Presence, PresenceEntry, RoomConnection } from "./presence.ts";

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
  const settled = `${base}:settled`;
  const unsettledSince = `${base}:unsettled-since`;
  const connectionsOf = (sessionId: string): string => `${base}:connections:${sessionId}`;
  const peopleOf = (sessionId: string): string => `${base}:people:${sessionId}`;
  const nodeKey = (id: string): string => `${base}:node:${id}`;
  const ownConnections = `${nodeKey(nodeId)}:connections`;
  const script = {
    connect: defineScript(redis, "connect", 5),
    disconnect: defineScript(redis, "disconnect", 4),
    update: defineScript(redis, "update", 1),
    expect: defineScript(redis, "expect", 2),
    due: defineScript(redis, "due", 2),
    forget: defineScript(redis, "forget", 2),
    clear: defineScript(redis, "clear", 3),
    heartbeat: defineScript(redis, "heartbeat", 5),
    settle: defineScript(redis, "settle", 2),
  };
  const roomKeys = (sessionId: string) => [connectionsOf(sessionId), peopleOf(sessionId), due];
  let firstBeat = true;

  return {
    connect: async ({ sessionId, participantId, connectionId }: RoomConnection, state) => {
      const keys = [...roomKeys(sessionId), ownConnections, nodes];
      const shown = state ? JSON.stringify(state) : "";
      const answer = await script.connect(keys, [sessionId, participantId, connectionId, nodeId, shown]);
      const [connections, before] = answer as [number, number];
      return { connections, before: before < 0 ? null : before > 0 ? "connected" : "reconnecting" };
    },
    disconnect: async ({ sessionId, participantId, connectionId }, graceMs) => {
      const keys = [...roomKeys(sessionId), ownConnections];
      const answer = await script.disconnect(keys, [sessionId, participantId, connectionId, graceMs]);
      const [connections, changed] = answer as [number, number];
      return { connections, changed: changed === 1 };
    },
    update: async (sessionId, participantId, state) =>
      (await script.update([peopleOf(sessionId)], [participantId, JSON.stringify(state)])) === 1,
    expect: async (awaited, graceMs) => {
      await Promise.all(
        awaited.map(({ sessionId, participantId }) =>
          script.expect([peopleOf(sessionId), due], [sessionId, participantId, graceMs]),
        ),
      );
    },
    count: async (sessionId, participantId) => {
      const asked = [redis.exists(settled), redis.hget(peopleOf(sessionId), participantId)] as const;
      const [isSettled, count] = await reached(Promise.all(asked));
      if (isSettled === 0) throw unsettled();
      return Number(count ?? 0);
    },
    read: async (sessionId) => {
      const asked = [redis.exists(settled), redis.hgetall(peopleOf(sessionId))] as const;
      const [isSettled, people] = await reached(Promise.all(asked));
      if (isSettled === 0) throw unsettled();
      return entriesOf(people);
    },
    due: async (limit) => ((await script.due([due, settled], [limit])) as string[]).map(toAwaited),
    forget: async (sessionId, participantId) => {
      await script.forget([peopleOf(sessionId), due], [sessionId, participantId]);
    },
    clear: async (sessionId) => {
      await script.clear(roomKeys(sessionId), [sessionId, nodeKey("")]);
    },
    heartbeat: async ({ graceMs, told }) => {
      const prefixes = [nodeKey(""), connectionsOf(""), peopleOf("")];
      const flags = [told ? 1 : 0, firstBeat ? 1 : 0];
      const answer = await script.heartbeat(
        [nodeKey(nodeId), nodes, due, settled, unsettledSince],
        [nodeId, leaseMs, graceMs, ...prefixes, ...flags],
      );
      const [held, changed, state] = answer as [number, string[], number];
      const lapsed = held === 0 && !firstBeat;
      firstBeat = false;
      return { lapsed, changed, state: heartbeatStates[state] ?? "unsettled" };
    },
    settle: async () => {
      await script.settle([settled, unsettledSince], []);
    },
    close: async () => {
      // Without its lease the next beat of another node takes away what this one could not.
      await redis.del(nodeKey(nodeId)).catch(() => {});
    },
  };
};

const heartbeatStates = ["settled", "unsettled", "told"] as const;

/** The hash of a room has the number of connections by person, and what they show by `state:` and person. */
const entriesOf = (people: Record<string, string>): PresenceEntry[] =>
  Object.entries(people)
    .filter(([name]) => !name.startsWith(statePrefix))
    .map(([participantId, text]) => {
      const connections = Number(text);
      const shown = people[statePrefix + participantId];
      return {
        participantId,
        connections,
        status: connections > 0 ? "connected" : "reconnecting",
        state: shown === undefined ? {} : (JSON.parse(shown) as PresenceEntry["state"]),
      };
    });

const statePrefix = "state:";

const unsettled = (): DomainError =>
  new DomainError("unavailable", "unavailable", "The hub is finding out anew who is present.", {
    facts: { retryAfterMs: 1_000 },
  });

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
