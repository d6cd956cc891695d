const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** How long to wait after the first failed attempt, the second and so on: a day in all. */
const waitsMs = [
  second,
  5 * second,
  30 * second,
  2 * minute,
  10 * minute,
  30 * minute,
  hour,
  2 * hour,
  4 * hour,
  6 * hour,
  10 * hour,
] as const;

/** How much of a wait is left to chance, so that what failed together does not come back together. */
const jitter = 0.2;

/**
 * When to try again what has failed, exponentially later with jitter.
 * @param attempts how many have been made, 1 after the first
 * @param chance between 0 and 1
 * @returns the wait in milliseconds; null when it has failed for good
 */
export const retryAfterMs = (attempts: number, chance: number): number | null => {
  const wait = waitsMs[attempts - 1];
  return wait === undefined ? null : Math.round(wait * (1 - jitter + 2 * jitter * chance));
};
