import { type Work, spend, wallsOf } from "../../../domain/recurrence.ts";
import type { Stretch } from "../../../domain/timeline.ts";
import type { FeedWindow } from "./clocks.ts";
import type { Extent, FeedEvent, Moment } from "./event.ts";
import type { ReadRule } from "./values.ts";

const dayMs = 24 * 60 * 60_000;
/** Walls and instants are less than a day apart on any clock; what is further away is not looked up. */
const marginMs = 2 * dayMs;

/** Where occurrences are looked for, and how much work they may take. */
export type Search = { window: FeedWindow; work: Work };

/** Steps that an occurrence counts for: its clocks are looked up, and it is kept. */
const occurrenceSteps = 20;

/**
 * When the events of one UID take somebody's time within the window: those that repeat, and those that stand for
 * single occurrences of them.
 * @throws TooMuchWork
 */
export const stretchesOf = (events: readonly FeedEvent[], search: Search): Stretch[] => {
  const replacing = events.filter(({ replaces }) => replaces !== null);
  const stretches = events
    .filter(({ replaces, free }) => replaces === null && !free)
    .flatMap((event) => occurrencesOf(event, replacing, search));
  for (const event of replacing) {
    if (!event.free) stretches.push(...within(search, event.start, event.extent));
  }
  return stretches;
};

/** The occurrences of an event but for those that are excluded, or that others stand for. */
const occurrencesOf = (event: FeedEvent, replacing: readonly FeedEvent[], search: Search): Stretch[] => {
  const { window, work } = search;
  spend(work, event.excluded.length + replacing.length + event.added.length);
  const changes = changesOf(event, replacing, search);
  const reach = reachOf(event, changes);
  const isNear = (wall: number): boolean => wall > window.from - reach && wall < window.to + reach;
  const gone = pickOf(
    event,
    [...event.excluded, ...replacing.flatMap(({ replaces }) => replaces?.moment ?? [])].filter(({ wall }) =>
      isNear(wall),
    ),
    work,
  );
  const seen = new Set<number>();
  const stretches: Stretch[] = [];
  const add = (wall: number, extent: Extent | null): void => {
    if (!isNear(wall)) return;
    const instant = event.start.clock(wall);
    if (seen.has(instant) || gone(wall, instant)) return;
    seen.add(instant);
    spend(work, changes.length);
    const change = changes.findLast((one) => wall >= one.since);
    if (!change) {
      stretches.push(...within(search, { ...event.start, wall }, extent ?? event.extent));
    } else if (!change.free) {
      const moved = { ...change.start, wall: change.start.wall + (wall - change.since) };
      stretches.push(...within(search, moved, change.extent));
    }
  };
  for (const rule of event.rules) {
    const range = { from: window.from - reach, to: window.to + reach };
    for (const wall of ruleWalls(event.start, rule, { range, work })) add(wall, null);
  }
  if (event.rules.length === 0) add(event.start.wall, null);
  for (const { start, extent } of event.added) {
    if (start.clock === event.start.clock) add(start.wall, extent);
    else if (isNear(start.wall) && !gone(start.wall, start.clock(start.wall)))
      stretches.push(...within(search, start, extent ?? event.extent));
  }
  return stretches;
};

/** How far from the window an occurrence may begin and still reach into it, or be moved there. */
const reachOf = (event: FeedEvent, changes: readonly Change[]): number => {
  const farthest = (distances: readonly number[]): number =>
    distances.reduce((most, one) => Math.max(most, one), 0);
  const moves = changes.map(({ start, since }) => Math.abs(start.wall - since));
  const lengths = [event, ...changes].map(({ extent }) => extent.atMostMs);
  return farthest(lengths) + Math.min(farthest(moves), maxMoveMs) + marginMs;
};

/** How far a series is followed that was moved as a whole. */
const maxMoveMs = 366 * dayMs;

/** What stands for an occurrence and all after it; `since` on the event's own clock, as a wall. */
type Change = Pick<FeedEvent, "start" | "extent" | "free"> & { since: number };

const changesOf = (event: FeedEvent, replacing: readonly FeedEvent[], { work }: Search): Change[] => {
  spend(work, replacing.length);
  return replacing
    .flatMap(({ replaces, start, extent, free }) => {
      if (!replaces?.andFuture) return [];
      const { wall, clock, isDate } = replaces.moment;
      if (isDate || clock === event.start.clock) return [{ start, extent, free, since: wall }];
      return [{ start, extent, free, since: wall + (clock(wall) - event.start.clock(wall)) }];
    })
    .toSorted((a, b) => a.since - b.since);
};

/** The walls that a rule names in a range, up to its end. */
function* ruleWalls(
  start: Moment,
  { rule, until }: ReadRule,
  { range, work }: { range: { from: number; to: number }; work: Work },
): Generator<number> {
  // The times of whole days mean nothing.
  const own = start.isDate ? { ...rule, byHour: [], byMinute: [], bySecond: [] } : rule;
  const recurrence = { start: start.wall, rule: own };
  if (!until) return yield* wallsOf(recurrence, range, work);
  const lastDay = Math.floor(until.wall / dayMs);
  const isOver = (wall: number): boolean => {
    if (until.isDate || start.isDate) return Math.floor(wall / dayMs) > lastDay;
    return (until.isUtc ? start.clock(wall) : wall) > until.wall;
  };
  const to = Math.min(range.to, until.wall + marginMs);
  for (const wall of wallsOf(recurrence, { from: range.from, to }, work)) {
    if (isOver(wall)) return;
    yield wall;
  }
}

/** Steps that an exception counts for: its clock is looked up. */
const momentSteps = 10;

/** Tells occurrences of an event that are among moments: by the instant, or by the day where that is all they say. */
const pickOf = (
  { start }: FeedEvent,
  moments: readonly Moment[],
  work: Work,
): ((wall: number, instant: number) => boolean) => {
  const instants = new Set<number>();
  const days = new Set<number>();
  spend(work, moments.length * momentSteps);
  for (const moment of moments) {
    // Outlook takes a whole day out of a series by its midnight, and others by that of UTC.
    const isMidnight = !moment.isUtc || moment.wall % dayMs === 0;
    const saysDay = moment.isDate || (start.isDate && isMidnight);
    if (saysDay) days.add(Math.floor(moment.wall / dayMs));
    else instants.add(moment.clock(moment.wall));
  }
  return (wall, instant) => instants.has(instant) || days.has(Math.floor(wall / dayMs));
};

/** What of an occurrence lies within the window: all of it, or nothing. What has gone by takes no time any more. */
export const within = ({ window, work }: Search, { wall, clock }: Moment, extent: Extent): Stretch[] => {
  if (wall >= window.to + marginMs || wall + extent.atMostMs + marginMs <= window.from) return [];
  spend(work, occurrenceSteps);
  const start = clock(wall);
  const end = extent.endOf(wall, start);
  return end > start && end > window.from && start < window.to ? [{ start, end }] : [];
};
