import type { Stretch } from "../domain/timeline.ts";
import { type CoachRange, rangeColumns, secondsText, toMs } from "./claims.ts";
import { type Sql, plainArray } from "./client.ts";

/** The busy periods that touch ranges, as a table b. */
const busyIn = (sql: Sql, ranges: readonly CoachRange[]) => sql`
  ${rangeColumns(sql, ranges)} AS r (coach_id, starts, ends), LATERAL (
    (SELECT period FROM busy_periods WHERE coach_id = r.coach_id AND period @> r.starts)
    UNION ALL
    (SELECT period FROM busy_periods
     WHERE coach_id = r.coach_id AND lower(period) > r.starts AND lower(period) < r.ends)
  ) AS b
  WHERE EXISTS (SELECT FROM calendars c WHERE c.coach_id = r.coach_id)`;

/** Tells one set of periods from another. */
const busyPrint = (sql: Sql) =>
  sql`count(*) || '.' || sum(hash_range(b.period)) || '.' || sum(hash_range_extended(b.period, 1) % 1000000007)`;

/** The prints of what calendars elsewhere say of these stretches, by coach; see {@link listBusyPeriods}. */
export const listBusyPrints = async (
  sql: Sql,
  ranges: readonly CoachRange[],
): Promise<Map<string, string>> => {
  const rows = await sql<{ coachId: string; print: string }[]>`
    SELECT r.coach_id, ${busyPrint(sql)} AS print FROM ${busyIn(sql, ranges)} GROUP BY r.coach_id`;
  return new Map(rows.map(({ coachId, print }) => [coachId, print]));
};

/** Busy periods in milliseconds, in no order, and the print of their set. */
export type BusyPeriods = { periods: Stretch[]; print: string };

/** What calendars elsewhere say of these stretches, by coach. */
export const listBusyPeriods = async (
  sql: Sql,
  ranges: readonly CoachRange[],
): Promise<Map<string, BusyPeriods>> => {
  if (ranges.length === 0) return new Map();
  const rows = await sql<{ coachId: string; periods: string; print: string }[]>`
    SELECT r.coach_id, ${busyPrint(sql)} AS print,
      string_agg(${secondsText(sql, sql`lower(b.period)`)} || ' ' || ${secondsText(sql, sql`upper(b.period)`)}, ',') AS periods
    FROM ${busyIn(sql, ranges)} GROUP BY r.coach_id`;
  return new Map(
    rows.map(({ coachId, periods, print }) => [
      coachId,
      { periods: periods.split(",").map(parsePeriod), print },
    ]),
  );
};

const parsePeriod = (text: string): Stretch => {
  const [start = "", end = ""] = text.split(" ");
  return { start: toMs(start), end: toMs(end) };
};

/** A stretch that a calendar elsewhere says is busy, in milliseconds. */
export type NewBusyPeriod = Stretch & { uid: string };

/**
 * Makes these a calendar's busy periods; no two of them may be alike. Most of a calendar is the same every ten minutes,
 * so only what differs is written. What is there of `keptUids` and still to come stays, said or not. Whoever calls has
 * the lock of the coach's lane.
 */
export const replaceBusyPeriods = async (
  sql: Sql,
  { calendarId, coachId }: { calendarId: string; coachId: string },
  { periods, keptUids }: { periods: readonly NewBusyPeriod[]; keptUids: readonly string[] },
): Promise<void> => {
  await sql`
    WITH said AS MATERIALIZED (
      SELECT tstzrange(starts, ends) AS period, uid
      FROM unnest(
        ${plainArray(periods.map(({ start }) => new Date(start)))}::timestamptz[],
        ${plainArray(periods.map(({ end }) => new Date(end)))}::timestamptz[],
        ${periods.map(({ uid }) => uid)}::text[]
      ) AS n (starts, ends, uid)
    ), known AS MATERIALIZED (
      SELECT ctid AS place, period, uid FROM busy_periods WHERE calendar_id = ${calendarId}
    ), different AS MATERIALIZED (
      -- A full join is hashed or merged, whatever the planner thinks of lists that it has not counted.
      SELECT k.place, s.period, s.uid FROM said s FULL JOIN known k ON s.period = k.period AND s.uid = k.uid
      WHERE k.period IS NULL
        OR s.period IS NULL AND NOT (k.uid IN (SELECT unnest(${plainArray(keptUids)}::text[])) AND upper(k.period) > now())
    ), gone AS (
      DELETE FROM busy_periods
      WHERE ctid = ANY (ARRAY(SELECT place FROM different WHERE place IS NOT NULL))
    )
    INSERT INTO busy_periods (calendar_id, coach_id, period, uid)
    SELECT ${calendarId}::uuid, ${coachId}::uuid, period, uid FROM different WHERE place IS NULL`;
};
