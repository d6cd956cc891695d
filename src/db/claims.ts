import type { Claim } from "../domain/lane/state.ts";
import type { Stretch } from "../domain/timeline.ts";
import { type Fragment, plainArray, type Sql } from "./client.ts";

/** A stretch of one coach's time, in milliseconds. */
export type CoachRange = Stretch & { coachId: string };

/** Ranges as the columns of a table: coach, start, end. */
export const rangeColumns = (sql: Sql, ranges: readonly CoachRange[]) => sql`
  unnest(${plainArray(ranges.map(({ coachId }) => coachId))}::uuid[],
         ${plainArray(ranges.map(({ start }) => new Date(start)))}::timestamptz[],
         ${plainArray(ranges.map(({ end }) => new Date(end)))}::timestamptz[])`;

/**
 * The claims that touch ranges, as a table k. For a coach with a daily limit the ranges are widened by more than the
 * longest local day, since every session of those days counts. Claims of a coach lie apart from one another, so of those
 * that begin before a range only the last can reach into it: a month of a pool of 50 took 9 ms this way, and 19 by the
 * index of the constraint.
 */
const claimsIn = (sql: Sql, ranges: readonly CoachRange[]) => sql`
  ${rangeColumns(sql, ranges)} AS r (coach_id, starts, ends) JOIN coaches c ON c.id = r.coach_id,
  LATERAL (
    SELECT CASE WHEN c.daily_limit IS NULL THEN interval '0' ELSE interval '26 hours' END AS more
  ) AS wide, LATERAL (
    (SELECT * FROM claims WHERE coach_id = r.coach_id AND lower(period) < r.starts - more
     ORDER BY lower(period) DESC LIMIT 1)
    UNION ALL
    (SELECT * FROM claims
     WHERE coach_id = r.coach_id AND lower(period) >= r.starts - more AND lower(period) < r.ends + more)
  ) AS k
  WHERE upper(k.period) > r.starts - more`;

/** An instant as seconds since 1970, as text: the cheapest that Postgres writes and JavaScript reads. */
export const secondsText = (sql: Sql, instant: Fragment) => sql`date_part('epoch', ${instant})::text`;

type ClaimRow = Pick<Claim, "id" | "coachId" | "kind" | "expiresAt"> & {
  start: Date;
  end: Date;
  startsAt: Date | null;
};

/** The claims that touch any of these ranges, each once; those past their deadline too. */
export const listClaims = async (sql: Sql, ranges: readonly CoachRange[]): Promise<Claim[]> => {
  if (ranges.length === 0) return [];
  const rows = await sql<ClaimRow[]>`
    SELECT k.id, k.coach_id, k.kind, lower(k.period) AS start, upper(k.period) AS end, k.starts_at, k.expires_at
    FROM ${claimsIn(sql, ranges)}`;
  const each = new Map(rows.map((row) => [row.id, row]));
  return [...each.values()].map(({ start, end, startsAt, ...claim }) => ({
    ...claim,
    taken: { start: start.getTime(), end: end.getTime() },
    startsAt: startsAt?.getTime() ?? null,
  }));
};

/** Tells one set of claims from another: a claim never moves, so its id says where it stands. */
const claimPrint = (sql: Sql) =>
  sql`count(*) || '.' || bit_xor(uuid_hash_extended(k.id, 0)) || '.' || sum(uuid_hash(k.id))`;

const counting = (sql: Sql) => sql`(k.expires_at IS NULL OR k.expires_at > statement_timestamp())`;

/** The prints of the claims that touch these ranges and still count, by coach; see {@link listClaimedTime}. */
export const listClaimPrints = async (
  sql: Sql,
  ranges: readonly CoachRange[],
): Promise<Map<string, string>> => {
  const rows = await sql<{ coachId: string; print: string }[]>`
    SELECT r.coach_id, ${claimPrint(sql)} AS print
    FROM ${claimsIn(sql, ranges)} AND ${counting(sql)} GROUP BY r.coach_id`;
  return new Map(rows.map(({ coachId, print }) => [coachId, print]));
};

/**
 * What is taken of a coach's time, and for one with a daily limit when the sessions start that took it; in milliseconds,
 * in no order.
 */
export type ClaimedTime = { taken: Stretch[]; starts: number[]; print: string };

/** The claims that touch these ranges and still count, by coach and without who they are: for thousands at once. */
export const listClaimedTime = async (
  sql: Sql,
  ranges: readonly CoachRange[],
): Promise<Map<string, ClaimedTime>> => {
  const rows = await sql<{ coachId: string; claims: string; print: string }[]>`
    SELECT r.coach_id, ${claimPrint(sql)} AS print, string_agg(${secondsText(sql, sql`lower(k.period)`)} || ' ' || ${secondsText(sql, sql`upper(k.period)`)}
        || ' ' || CASE WHEN c.daily_limit IS NULL THEN '' ELSE coalesce(${secondsText(sql, sql`k.starts_at`)}, '') END, ',') AS claims
    FROM ${claimsIn(sql, ranges)} AND ${counting(sql)}
    GROUP BY r.coach_id`;
  return new Map(rows.map(({ coachId, claims, print }) => [coachId, { ...parseClaims(claims), print }]));
};

/** Of what {@link secondsText} wrote. */
export const toMs = (seconds: string): number => Math.round(Number(seconds) * 1000);

const parseClaims = (text: string): Omit<ClaimedTime, "print"> => {
  const claimed: Omit<ClaimedTime, "print"> = { taken: [], starts: [] };
  for (const claim of text.split(",")) {
    const [start = "", end = "", startsAt = ""] = claim.split(" ");
    claimed.taken.push({ start: toMs(start), end: toMs(end) });
    if (startsAt !== "") claimed.starts.push(toMs(startsAt));
  }
  return claimed;
};

/** The claims of these coaches whose deadline has passed. */
export const listLapsedClaims = async (sql: Sql, coachIds: readonly string[]): Promise<string[]> => {
  const rows = await sql<{ id: string }[]>`
    SELECT id FROM (SELECT id, coach_id FROM claims WHERE expires_at <= statement_timestamp() OFFSET 0) AS lapsed
    WHERE coach_id = ANY(${plainArray(coachIds)}::uuid[])`;
  return rows.map(({ id }) => id);
};

/** The coaches who have claims whose deadline has passed. */
export const listCoachesWithLapsedClaims = async (sql: Sql, limit: number): Promise<string[]> => {
  const rows = await sql<{ coachId: string }[]>`
    SELECT DISTINCT coach_id FROM claims WHERE expires_at <= statement_timestamp() LIMIT ${limit}`;
  return rows.map(({ coachId }) => coachId);
};

/** A block of a coach; null for any other claim. */
export const findBlock = async (
  sql: Sql,
  coachId: string,
  blockId: string,
): Promise<{ start: Date; end: Date } | null> => {
  const [row] = await sql<{ start: Date; end: Date }[]>`
    SELECT lower(period) AS start, upper(period) AS end FROM claims
    WHERE id = ${blockId} AND coach_id = ${coachId} AND kind = 'block'`;
  return row ?? null;
};

/**
 * Writes claims. Fails with exclusion violation `claims_never_overlap` when one of them overlaps a claim that stands:
 * that holds without the coach's lane too.
 */
export const insertClaims = (
  sql: Sql,
  claims: readonly (Claim & { reason: string | null })[],
): Fragment => sql`
    INSERT INTO claims (id, coach_id, period, kind, starts_at, expires_at, reason)
    SELECT id, coach_id, tstzrange(starts, ends), kind, starts_at, expires_at, reason
    FROM unnest(
      ${plainArray(claims.map(({ id }) => id))}::uuid[], ${plainArray(claims.map(({ coachId }) => coachId))}::uuid[],
      ${plainArray(claims.map(({ taken }) => new Date(taken.start)))}::timestamptz[],
      ${plainArray(claims.map(({ taken }) => new Date(taken.end)))}::timestamptz[],
      ${plainArray(claims.map(({ kind }) => kind))}::text[],
      ${plainArray(claims.map(({ startsAt }) => (startsAt === null ? null : new Date(startsAt))))}::timestamptz[],
      ${plainArray(claims.map(({ expiresAt }) => expiresAt))}::timestamptz[],
      ${claims.map(({ reason }) => reason)}::text[]
    ) AS n (id, coach_id, starts, ends, kind, starts_at, expires_at, reason)`;

/** Changes what a claim is and when it lapses; where it stands stays. */
export const updateClaims = (
  sql: Sql,
  claims: readonly Pick<Claim, "id" | "kind" | "expiresAt">[],
): Fragment => sql`
    UPDATE claims SET kind = n.kind, expires_at = n.expires_at
    FROM unnest(
      ${plainArray(claims.map(({ id }) => id))}::uuid[], ${plainArray(claims.map(({ kind }) => kind))}::text[],
      ${plainArray(claims.map(({ expiresAt }) => expiresAt))}::timestamptz[]
    ) AS n (id, kind, expires_at)
    WHERE claims.id = n.id`;

export const deleteClaims = (sql: Sql, claimIds: readonly string[]): Fragment =>
  sql`DELETE FROM claims WHERE id = ANY(${plainArray(claimIds)}::uuid[])`;
