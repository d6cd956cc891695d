/** The longest time without any of these moments, between two others. */
export const longestSilenceMs = (moments: readonly number[], from: number, to: number): number => {
  const all = [from, ...moments.filter((at) => at > from && at < to), to];
  return Math.max(...all.map((at, index) => at - (all[index - 1] ?? at)));
};
