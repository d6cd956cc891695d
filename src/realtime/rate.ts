/** A token bucket: `burst` at once, and `perSecond` on average. */
export type Bucket = {
  /** @returns 0 when there was a token, and it was taken; else the milliseconds until there is one */
  take(): number;
};

/** @param now a clock in milliseconds that never goes back */
export const createBucket = (
  { perSecond, burst }: { perSecond: number; burst: number },
  now: () => number = () => performance.now(),
): Bucket => {
  let tokens = burst;
  let at = now();
  return {
    take: () => {
      const since = now();
      tokens = Math.min(burst, tokens + ((since - at) * perSecond) / 1000);
      at = since;
      if (tokens < 1) return Math.ceil(((1 - tokens) * 1000) / perSecond);
      tokens -= 1;
      return 0;
    },
  };
};
