import { listBusyPeriods, listBusyPrints } from "../../db/busy-periods.ts";
import { type CoachRange, listClaimPrints, listClaimedTime } from "../../db/claims.ts";
import type { Sql } from "../../db/client.ts";
import { type Timeline, timelineOf } from "../../domain/timeline.ts";

/** What is taken of one coach's time in one stretch. */
export type TakenTime = {
  claimed: Timeline;
  /** When sessions start, for a coach with a daily limit. */
  starts: readonly number[];
  busy: Timeline;
};

/** Reads what is taken of coaches' time. */
export type CalendarReader = { read(ranges: readonly CoachRange[]): Promise<Map<string, TakenTime>> };

type Entry = TakenTime & { print: string };

/** Each is a few kilobytes; past this the one that was asked for longest ago goes. */
const maxEntries = 2_000;

const keyOf = ({ coachId, start, end }: CoachRange): string => `${coachId} ${start} ${end}`;

/**
 * Calendars that remember what they read. People look at the same month of the same coaches over and over while little
 * of it changes, and to write out 20,000 stretches took Postgres 50 ms. So what was read before is only asked for its
 * print, which is of the very rows that count now: one that is unchanged is true, whoever changed what, on any node.
 */
export const createCalendarReader = (sql: Sql): CalendarReader => {
  const entries = new Map<string, Entry>();

  const readAnew = async (ranges: readonly CoachRange[]): Promise<Map<string, Entry>> => {
    if (ranges.length === 0) return new Map();
    const [claims, busy] = await Promise.all([listClaimedTime(sql, ranges), listBusyPeriods(sql, ranges)]);
    return new Map(
      ranges.map(({ coachId }) => {
        const [claimed, away] = [claims.get(coachId), busy.get(coachId)];
        const entry = {
          claimed: timelineOf(claimed?.taken ?? []),
          starts: claimed?.starts ?? [],
          busy: timelineOf(away?.periods ?? []),
          print: printOf(claimed?.print, away?.print),
        };
        return [coachId, entry];
      }),
    );
  };

  const keep = (range: CoachRange, entry: Entry): void => {
    const key = keyOf(range);
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size > maxEntries) for (const oldest of entries.keys()) return void entries.delete(oldest);
  };

  return {
    read: async (ranges) => {
      const known = ranges.filter((range) => entries.has(keyOf(range)));
      const [claims, busy] =
        known.length > 0
          ? await Promise.all([listClaimPrints(sql, known), listBusyPrints(sql, known)])
          : [new Map<string, string>(), new Map<string, string>()];
      const found = new Map<string, TakenTime>();
      for (const range of known) {
        const entry = entries.get(keyOf(range));
        if (entry?.print !== printOf(claims.get(range.coachId), busy.get(range.coachId))) continue;
        keep(range, entry);
        found.set(range.coachId, entry);
      }
      const others = ranges.filter(({ coachId }) => !found.has(coachId));
      const fresh = await readAnew(others);
      for (const range of others) {
        const entry = fresh.get(range.coachId);
        if (!entry) continue;
        keep(range, entry);
        found.set(range.coachId, entry);
      }
      return found;
    },
  };
};

/** Of a coach without any claims, or any busy periods, there is no print; that is one as well. */
const printOf = (claims: string | undefined, busy: string | undefined): string =>
  `${claims ?? ""} ${busy ?? ""}`;
