/** The value below which this part (0..1) of ordered values lies. */
export const percentile = (ordered: ArrayLike<number>, part: number): number =>
  ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * part))] ?? Number.NaN;

export const median = (values: readonly number[]): number =>
  percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
