import { assertStored, openRooms, rawRooms, roomSize } from "./live/open-rooms.ts";
import type { Talk } from "./live/crowd.ts";
import type { RemoteCrowd } from "./live/remote-crowd.ts";
import { cpuMsOf, measurableMemory, memoryOf, postgresCpuMs } from "./processor.ts";
import { type Row, ms, note, perSecond, times } from "./report.ts";
import type { BenchDatabase, Ground, Server } from "./servers.ts";
import { median } from "./statistics.ts";

const rooms = 200;
const people = rooms * roomSize;
const atOnce = 64;
/** Messages on their way in each room while the limit is looked for: one leaves room for more, four bring no more. */
const outstanding = 2;
const rounds = 3;
const warmUpMs = 3_000;
const roundMs = 4_000;
const pacedMs = 6_000;

/** A server with its rooms full. */
type Side = {
  server: Server;
  crowd: RemoteCrowd;
  bytesAConnection: number;
  database: BenchDatabase | null;
  rates: number[];
  sent: number;
  cpuMs: { server: number; postgres: number; crowd: number };
};

const openSide = async (
  { database, server, crowd }: Pick<Side, "database" | "server" | "crowd">,
  seats: Parameters<RemoteCrowd["enter"]>[0],
): Promise<Side> => {
  const before = await memoryOf(server.pid);
  await crowd.enter(seats, atOnce);
  const bytesAConnection = ((await memoryOf(server.pid)) - before) / seats.length;
  return {
    server,
    crowd,
    bytesAConnection,
    database,
    rates: [],
    sent: 0,
    cpuMs: { server: 0, postgres: 0, crowd: 0 },
  };
};

const openCourtside = async (ground: Ground): Promise<Side> => {
  const database = await ground.database();
  // Tickets from another process: what they leave in memory is not the connections'.
  const door = await ground.hub(database);
  const seats = await openRooms(database.sql, door, rooms);
  await door.stop();
  const server = await ground.hub(database, measurableMemory);
  return openSide(
    { database, server, crowd: ground.crowd("courtside") },
    seats.map((seat) => ({ ...seat, url: server.url })),
  );
};

const openRaw = async (ground: Ground): Promise<Side> => {
  const server = await ground.baseline("raw-socket-io", null, measurableMemory);
  return openSide({ database: null, server, crowd: ground.crowd("raw") }, rawRooms(server, rooms));
};

const measure = async (side: Side, talk: () => Promise<Talk>): Promise<Talk> => {
  const read = async (): Promise<[number, number]> => [
    cpuMsOf(side.server.pid),
    side.database ? await postgresCpuMs(side.database.sql) : 0,
  ];
  const [server, postgres] = await read();
  const result = await talk();
  const [serverAfter, postgresAfter] = await read();
  side.sent += result.sent;
  side.cpuMs.server += serverAfter - server;
  side.cpuMs.postgres += postgresAfter - postgres;
  side.cpuMs.crowd += result.cpuMs;
  return result;
};

/** Lets the sides take turns, so that whatever else the machine does meets both. */
const takeTurns = async (sides: readonly Side[]): Promise<void> => {
  for (let round = -1; round < rounds; round++) {
    for (const side of sides) {
      const length = round < 0 ? warmUpMs : roundMs;
      const talk = await measure(side, () => side.crowd.closedLoop(outstanding, length));
      if (round >= 0) side.rates.push(talk.deliveredPerSecond);
    }
  }
};

const processorTime = ({ sent, cpuMs }: Side): string => {
  const parts = Object.entries(cpuMs).filter(([, spent]) => spent > 0);
  return `${parts.map(([name, spent]) => `${name} ${(spent / sent).toFixed(2)}`).join(", ")} ms a message`;
};

/** Two thousand people in rooms of ten who write to each other, against Socket.IO without any promise. */
export const benchRooms = async (ground: Ground): Promise<Row[]> => {
  const courtside = await openCourtside(ground);
  const raw = await openRaw(ground);
  await takeTurns([raw, courtside]);
  const [slower, baseline] = [median(courtside.rates), median(raw.rates)];
  const rate = median(courtside.rates.map((rate, round) => rate / (raw.rates[round] ?? Number.NaN)));
  const notes = [note("rooms", processorTime(courtside), processorTime(raw))];
  // Of both the same rate, which neither is at its limit at.
  const steady = (Math.min(slower, baseline) / roomSize) * 0.6;
  const baselinePaced = await measure(raw, () => raw.crowd.pacedLoop(steady, pacedMs));
  const paced = await measure(courtside, () => courtside.crowd.pacedLoop(steady, pacedMs));
  if (courtside.database)
    await assertStored(courtside.database.sql, { visits: people, messages: courtside.sent });
  const latency = ({ p50Ms, p99Ms }: Talk): string => `p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}`;
  const delay = paced.p99Ms / baselinePaced.p99Ms;
  const memory = courtside.bytesAConnection / raw.bytesAConnection;
  const size = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;
  return [
    {
      bench: "rooms",
      measured: `${perSecond(slower)} delivered`,
      baseline: `${perSecond(baseline)} raw Socket.IO`,
      figure: times(rate),
      target: ">= 0.8 x",
      ok: rate >= 0.8,
    },
    {
      bench: "rooms",
      measured: `${latency(paced)} at ${perSecond(steady * roomSize)}`,
      baseline: `${latency(baselinePaced)} raw`,
      figure: times(delay),
      target: "<= 1.5 x",
      ok: delay <= 1.5,
    },
    {
      bench: "rooms",
      measured: `${size(courtside.bytesAConnection)} a connection`,
      baseline: `${size(raw.bytesAConnection)} raw`,
      figure: times(memory),
      target: "<= 1.3 x",
      ok: memory <= 1.3,
    },
    ...notes,
  ];
};
