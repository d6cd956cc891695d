/** A half-open stretch of time, `[start, end)`, in milliseconds since 1970. */
export type Stretch = { start: number; end: number };

/** Stretches in order, apart from one another: `starts[i]` belongs to `ends[i]`. */
export type Timeline = { starts: number[]; ends: number[] };

/** The timeline of all these stretches; those that overlap or touch become one. */
export const timelineOf = (stretches: readonly Stretch[]): Timeline => {
  const sorted = stretches.toSorted((a, b) => a.start - b.start);
  const timeline: Timeline = { starts: [], ends: [] };
  for (const { start, end } of sorted) {
    const last = timeline.ends.length - 1;
    const lastEnd = timeline.ends[last];
    if (lastEnd !== undefined && start <= lastEnd) timeline.ends[last] = Math.max(lastEnd, end);
    else {
      timeline.starts.push(start);
      timeline.ends.push(end);
    }
  }
  return timeline;
};

/** True when any of the timeline lies in `[start, end)`. Takes the logarithm of its length. */
export const touches = (timeline: Timeline, start: number, end: number): boolean => {
  const last = lastBefore(timeline, end);
  return last >= 0 && (timeline.ends[last] ?? 0) > start;
};

/** True when all of `[start, end)` lies in the timeline. */
export const covers = (timeline: Timeline, start: number, end: number): boolean => {
  const last = lastBefore(timeline, end);
  return last >= 0 && (timeline.starts[last] ?? 0) <= start && (timeline.ends[last] ?? 0) >= end;
};

/** How much of the one timeline lies in the other as well, in milliseconds. Takes the sum of their lengths. */
export const overlapMs = (one: Timeline, other: Timeline): number => {
  let total = 0;
  for (let a = 0, b = 0; a < one.starts.length && b < other.starts.length; ) {
    const [endA, endB] = [one.ends[a] ?? 0, other.ends[b] ?? 0];
    total += Math.max(0, Math.min(endA, endB) - Math.max(one.starts[a] ?? 0, other.starts[b] ?? 0));
    if (endA < endB) a += 1;
    else b += 1;
  }
  return total;
};

/** The last stretch that starts before an instant; -1 when there is none. */
const lastBefore = ({ starts }: Timeline, instant: number): number => {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? 0) < instant) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};
