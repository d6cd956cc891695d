import type { Entry } from "./live/crowd.ts";
import type { Seat } from "./live/member.ts";
import { assertStored, openRooms, rawRooms, roomSize } from "./live/open-rooms.ts";
import type { RemoteCrowd } from "./live/remote-crowd.ts";
import { type Row, ms, note, perSecond, times } from "./report.ts";
import type { Ground } from "./servers.ts";
import { median } from "./statistics.ts";

const rooms = 100;
const atOnce = 64;
const rounds = 3;

type Side = { crowd: RemoteCrowd; seats: () => Promise<Seat[]>; entries: Entry[] };

/** In a mixed order, the same in every run: a storm does not come room by room. */
const shuffle = (seats: readonly Seat[]): Seat[] => {
  const mixed = [...seats];
  let state = 1;
  for (let left = mixed.length; left > 1; left--) {
    state = (state * 48_271) % 0x7fff_ffff;
    const other = state % left;
    [mixed[left - 1], mixed[other]] = [mixed[other], mixed[left - 1]] as [Seat, Seat];
  }
  return mixed;
};

/** Everybody comes into new rooms at once, each room hears one message as a proof, and everybody goes. */
const storm = async (side: Side): Promise<Entry> => {
  const entry = await side.crowd.enter(shuffle(await side.seats()), atOnce);
  const { sent } = await side.crowd.roundOfMessages();
  if (sent !== rooms) throw new Error(`${sent} of ${rooms} rooms were full`);
  await side.crowd.leave();
  return entry;
};

/** A storm of people who connect and join, their attendance stored, against Socket.IO that only lets them in. */
export const benchJoins = async (ground: Ground): Promise<Row[]> => {
  const database = await ground.database();
  // Who went stays awaited beyond the run: what a round leaves behind does not disturb the next one.
  const hub = await ground.hub(database, { LEAVE_GRACE_SECONDS: "3600" });
  const server = await ground.baseline("raw-socket-io", null);
  const courtside: Side = {
    crowd: ground.crowd("courtside"),
    seats: () => openRooms(database.sql, hub, rooms),
    entries: [],
  };
  const raw: Side = { crowd: ground.crowd("raw"), seats: async () => rawRooms(server, rooms), entries: [] };
  for (let round = -1; round < rounds; round++) {
    for (const side of [raw, courtside]) {
      const entry = await storm(side);
      if (round >= 0) side.entries.push(entry);
    }
  }
  await assertStored(database.sql, {
    visits: rooms * roomSize * (rounds + 1),
    messages: rooms * (rounds + 1),
  });
  for (const { crowd } of [courtside, raw]) await crowd.stop();
  for (const each of [hub, server]) await each.stop();
  const rate = ({ entries }: Side): number => median(entries.map((entry) => entry.perSecond));
  const latency = ({ entries }: Side): string =>
    `p50 ${ms(median(entries.map(({ p50Ms }) => p50Ms)))}, p99 ${ms(median(entries.map(({ p99Ms }) => p99Ms)))}`;
  const ratio = median(
    courtside.entries.map(
      ({ perSecond }, round) => perSecond / (raw.entries[round]?.perSecond ?? Number.NaN),
    ),
  );
  return [
    {
      bench: "joins",
      measured: perSecond(rate(courtside)),
      baseline: `${perSecond(rate(raw))} raw Socket.IO`,
      figure: times(ratio),
      target: ">= 0.7 x",
      ok: ratio >= 0.7,
    },
    note("joins", latency(courtside), latency(raw)),
  ];
};
