import { type MemberBookings, countPoolBookings, findPool, listPoolMembers } from "../../db/pools.ts";
import { authorise } from "../../domain/access.ts";
import { invalid, notFound } from "../../domain/errors.ts";
import { effectiveWeight, fairnessIndex } from "../../domain/pool.ts";
import type { Timeline } from "../../domain/timeline.ts";
import type { App } from "../app.ts";
import type { RequestContext } from "../context.ts";
import { findSchedules, workingTime } from "../calendars.ts";

export type DistributionInput = { id: string; from: Date; to: Date };

/** What one coach of a pool got, against what they were to get. */
export type Share = {
  coachId: string;
  name: string;
  bookings: number;
  /** Of all the pool's bookings, 0..1. */
  share: number;
  /** By weight and score, 0..1. */
  targetShare: number;
  /** Booked time of the time that the coach works, 0..1; null for a coach without availability, who has no such time. */
  utilisation: number | null;
};

export type Distribution = { coaches: Share[]; fairness: number };

const maxDays = 366;

/**
 * How a pool's bookings were spread over its members, by the start of the session. `fairness` is Jain's index over
 * bookings by weight: 1 when everybody got their share.
 * @throws DomainError `not_found`, `invalid_request`
 */
export const readDistribution = async (
  app: App,
  { principal }: RequestContext,
  { id, from, to }: DistributionInput,
): Promise<Distribution> => {
  authorise(principal, "pool.read", { what: "pool", owners: {} });
  if (to <= from) throw invalid("to", "must be after from");
  if (to.getTime() - from.getTime() > maxDays * 86_400_000)
    throw invalid("to", `must be within ${maxDays} days of from`);
  const [pool, members, counts] = await Promise.all([
    findPool(app.sql, id),
    listPoolMembers(app.sql, [id]),
    countPoolBookings(app.sql, id, { from, to }),
  ]);
  if (!pool) throw notFound("pool");
  const schedules = await findSchedules(
    app.sql,
    members.map(({ coachId }) => coachId),
  );
  const stretch = { start: from.getTime(), end: to.getTime() };
  const byCoach = new Map(counts.map((count) => [count.coachId, count]));
  const total = members.reduce((sum, { coachId }) => sum + (byCoach.get(coachId)?.bookings ?? 0), 0);
  const totalWeight = members.reduce((sum, member) => sum + effectiveWeight(member), 0);
  const coaches = members.map((member) => {
    const count = byCoach.get(member.coachId);
    const schedule = schedules.get(member.coachId);
    const working = schedule && workingTime(schedule, [stretch]);
    return {
      coachId: member.coachId,
      name: member.name,
      bookings: count?.bookings ?? 0,
      share: total === 0 ? 0 : (count?.bookings ?? 0) / total,
      targetShare: effectiveWeight(member) / totalWeight,
      utilisation: working ? utilisationOf(count, minutesIn(working, stretch)) : null,
    };
  });
  const fairness = fairnessIndex(
    members.map((member) => (byCoach.get(member.coachId)?.bookings ?? 0) / effectiveWeight(member)),
  );
  return { coaches, fairness };
};

const utilisationOf = (count: MemberBookings | undefined, workingMinutes: number): number | null =>
  workingMinutes === 0 ? null : Math.min(1, (count?.minutes ?? 0) / workingMinutes);

const minutesIn = (timeline: Timeline, { start, end }: { start: number; end: number }): number =>
  timeline.starts.reduce((sum, from, index) => {
    const within = Math.min(timeline.ends[index] ?? from, end) - Math.max(from, start);
    return sum + Math.max(0, within) / 60_000;
  }, 0);
