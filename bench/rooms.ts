import type { Talk } from "./live/crowd.ts";
import { assertStored, roomSize } from "./live/open-rooms.ts";
import { type Side, closeSide, openCourtside, openRaw, processorTime, talk } from "./live/side.ts";
import { type Row, ms, note, perSecond, times } from "./report.ts";
import type { Ground } from "./servers.ts";
import { median } from "./statistics.ts";

const rooms = 200;
/** Messages on their way in each room while the limit is looked for: two leave room for more on both sides, eight bring no more. */
const outstanding = 4;
const rounds = 5;
const pacedRounds = 3;
const warmUpMs = 3_000;
const roundMs = 3_000;

/** The median over the rounds of how one side did against the other in the same round. */
const ratio = (values: readonly number[], baselines: readonly number[]): number =>
  median(values.map((value, round) => value / (baselines[round] ?? Number.NaN)));

/** Deliveries a second in each round, after one that does not count. */
const findLimit = async (side: Side, round: number): Promise<number> => {
  const length = round < 0 ? warmUpMs : roundMs;
  return (await talk(side, (crowd) => crowd.closedLoop(outstanding, length))).deliveredPerSecond;
};

/** Lets the sides take turns, so that whatever else the machine does meets both. */
const findLimits = async (courtside: Side, raw: Side): Promise<{ courtside: number[]; raw: number[] }> => {
  const rates: { courtside: number[]; raw: number[] } = { courtside: [], raw: [] };
  for (let round = -1; round < rounds; round++) {
    const rawRate = await findLimit(raw, round);
    const rate = await findLimit(courtside, round);
    if (round < 0) continue;
    rates.raw.push(rawRate);
    rates.courtside.push(rate);
  }
  return rates;
};

const keepPace = async (courtside: Side, raw: Side, messagesPerSecond: number) => {
  const talks: { courtside: Talk[]; raw: Talk[] } = { courtside: [], raw: [] };
  for (let round = 0; round < pacedRounds; round++) {
    talks.raw.push(await talk(raw, (crowd) => crowd.pacedLoop(messagesPerSecond, roundMs)));
    talks.courtside.push(await talk(courtside, (crowd) => crowd.pacedLoop(messagesPerSecond, roundMs)));
  }
  return talks;
};

const p99s = (talks: readonly Talk[]): number[] => talks.map(({ p99Ms }) => p99Ms);
const latency = (talks: readonly Talk[]): string =>
  `p50 ${ms(median(talks.map(({ p50Ms }) => p50Ms)))}, p99 ${ms(median(p99s(talks)))}`;
const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;

const assertAllStored = async ({ database, sent }: Side): Promise<void> => {
  if (database) await assertStored(database.sql, { visits: rooms * roomSize, messages: sent });
};

/** The same rooms with every other person on a second node; without a target. */
const onTwoNodes = async (ground: Ground): Promise<Row[]> => {
  const side = await openCourtside(ground, rooms, await ground.redisUrl());
  const rates: number[] = [];
  for (let round = -1; round < 2; round++) {
    const rate = await findLimit(side, round);
    if (round >= 0) rates.push(rate);
  }
  await assertAllStored(side);
  await closeSide(side);
  return [
    note("rooms", `${perSecond(median(rates))} delivered by two nodes`),
    note("rooms", processorTime(side)),
  ];
};

/** Two thousand people in rooms of ten who write to each other, against Socket.IO without any promise. */
export const benchRooms = async (ground: Ground): Promise<Row[]> => {
  const courtside = await openCourtside(ground, rooms);
  const raw = await openRaw(ground, rooms);
  const rates = await findLimits(courtside, raw);
  const processor = note("rooms", processorTime(courtside), processorTime(raw));
  // For both the same rate, at which neither is at its limit.
  const steady = Math.min(median(rates.courtside), median(rates.raw)) * 0.6;
  const paced = await keepPace(courtside, raw, steady / roomSize);
  await assertAllStored(courtside);
  for (const side of [courtside, raw]) await closeSide(side);
  const throughput = ratio(rates.courtside, rates.raw);
  const delay = ratio(p99s(paced.courtside), p99s(paced.raw));
  const memory = courtside.memory.all / raw.memory.all;
  return [
    {
      bench: "rooms",
      measured: `${perSecond(median(rates.courtside))} delivered`,
      baseline: `${perSecond(median(rates.raw))} raw Socket.IO`,
      figure: times(throughput),
      target: ">= 0.8 x",
      ok: throughput >= 0.8,
    },
    {
      bench: "rooms",
      measured: `${latency(paced.courtside)} at ${perSecond(steady)}`,
      baseline: latency(paced.raw),
      figure: times(delay),
      target: "<= 1.5 x",
      ok: delay <= 1.5,
    },
    {
      bench: "rooms",
      measured: `${kib(courtside.memory.all)} a connection`,
      baseline: kib(raw.memory.all),
      figure: times(memory),
      target: "<= 1.3 x",
      ok: memory <= 1.3,
    },
    note(
      "rooms",
      `${kib(courtside.memory.secondHalf)} a connection of the second half`,
      kib(raw.memory.secondHalf),
    ),
    processor,
    ...(await onTwoNodes(ground)),
  ];
};
