import type { Stretch } from "../domain/timeline.ts";
import { type CoachRange, rangeColumns } from "./claims.ts";
import type { Sql } from "./client.ts";

/** What calendars elsewhere say of these stretches, by coach; a period that touches several comes once for each. */
export const listBusyPeriods = async (
  sql: Sql,
  ranges: readonly CoachRange[],
): Promise<Map<string, Stretch[]>> => {
  if (ranges.length === 0) return new Map();
  const rows = await sql<{ coachId: string; periods: string }[]>`
    SELECT r.coach_id, string_agg(
        extract(epoch FROM lower(b.period))::float8::text || ' ' || extract(epoch FROM upper(b.period))::float8::text,
        ',') AS periods
    FROM ${rangeColumns(sql, ranges)} AS r (coach_id, starts, ends), LATERAL (
      SELECT period FROM busy_periods
      WHERE coach_id = r.coach_id AND period && tstzrange(r.starts, r.ends)
        AND EXISTS (SELECT FROM calendars c WHERE c.coach_id = r.coach_id)
      OFFSET 0
    ) AS b
    GROUP BY r.coach_id`;
  return new Map(rows.map(({ coachId, periods }) => [coachId, periods.split(",").map(parsePeriod)]));
};

const parsePeriod = (text: string): Stretch => {
  const [start = "", end = ""] = text.split(" ");
  return { start: Number(start) * 1000, end: Number(end) * 1000 };
};
