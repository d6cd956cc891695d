import { cpuMsOf, measurableMemory, memoryOf, postgresCpuMs } from "../processor.ts";
import type { BenchDatabase, Ground, Server } from "../servers.ts";
import type { Talk } from "./crowd.ts";
import type { Seat } from "./member.ts";
import { openRooms, rawRooms } from "./open-rooms.ts";
import type { RemoteCrowd } from "./remote-crowd.ts";

/** How many connect and join at once while the rooms fill. */
const atOnce = 64;

/** Rooms full of people on one server, or on the nodes of a hub, and what they have done so far. */
export type Side = {
  servers: readonly Server[];
  database: BenchDatabase | null;
  crowd: RemoteCrowd;
  /** What the first server's memory grew by for each connection: over all of them, and over the second half. */
  memory: { all: number; secondHalf: number };
  sent: number;
  cpuMs: { server: number; postgres: number; crowd: number };
};

/** A hub, of two nodes where it has a Redis, with its rooms full. */
export const openCourtside = async (ground: Ground, rooms: number, redisUrl?: string): Promise<Side> => {
  const database = await ground.database();
  // Tickets from another process: what they leave in memory is not the connections'.
  const door = await ground.hub(database);
  const seats = await openRooms(database.sql, door, rooms);
  await door.stop();
  const redis = redisUrl ? { REDIS_URL: redisUrl, REDIS_PREFIX: `bench-${crypto.randomUUID()}` } : {};
  const servers = [await ground.hub(database, { ...measurableMemory, ...redis })];
  if (redisUrl) servers.push(await ground.hub(database, redis));
  const placed = seats.map((seat, index) => ({
    ...seat,
    url: servers[index % servers.length]?.url ?? seat.url,
  }));
  return fill({ servers, database, crowd: ground.crowd("courtside") }, placed);
};

/** The baseline with as many rooms. */
export const openRaw = async (ground: Ground, rooms: number): Promise<Side> => {
  const server = await ground.baseline("raw-socket-io", null, measurableMemory);
  return fill({ servers: [server], database: null, crowd: ground.crowd("raw") }, rawRooms(server, rooms));
};

const fill = async (
  side: Pick<Side, "servers" | "database" | "crowd">,
  seats: readonly Seat[],
): Promise<Side> => {
  const pid = side.servers[0]?.pid ?? 0;
  const half = seats.length / 2;
  const empty = await memoryOf(pid);
  await side.crowd.enter(seats.slice(0, half), atOnce);
  const halfFull = await memoryOf(pid);
  await side.crowd.enter(seats.slice(half), atOnce);
  const full = await memoryOf(pid);
  return {
    ...side,
    memory: { all: (full - empty) / seats.length, secondHalf: (full - halfFull) / half },
    sent: 0,
    cpuMs: { server: 0, postgres: 0, crowd: 0 },
  };
};

/** Runs a stretch of messages, and adds what was sent and spent to the side's sums. */
export const talk = async (side: Side, stretch: (crowd: RemoteCrowd) => Promise<Talk>): Promise<Talk> => {
  const spent = async (): Promise<[number, number]> => [
    side.servers.reduce((sum, { pid }) => sum + cpuMsOf(pid), 0),
    side.database ? await postgresCpuMs(side.database.sql) : 0,
  ];
  const [server, postgres] = await spent();
  const result = await stretch(side.crowd);
  const [serverAfter, postgresAfter] = await spent();
  side.sent += result.sent;
  side.cpuMs.server += serverAfter - server;
  side.cpuMs.postgres += postgresAfter - postgres;
  side.cpuMs.crowd += result.cpuMs;
  return result;
};

/** Everybody goes, and then the servers: what they have to tidy up must not disturb who comes next. */
export const closeSide = async ({ crowd, servers }: Side): Promise<void> => {
  await crowd.stop();
  for (const server of servers) await server.stop();
};

/** Processor time a message, of everything that had a part in it. */
export const processorTime = ({ sent, cpuMs }: Side): string => {
  const parts = Object.entries(cpuMs).filter(([, spent]) => spent > 0);
  return `${parts.map(([name, spent]) => `${name} ${(spent / sent).toFixed(2)}`).join(", ")} ms a message`;
};
