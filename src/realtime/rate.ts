/** What is allowed: `burst` at once, and `perSecond` on average. */
export type Rate = { perSecond: number; burst: number };

/** A token bucket. */
export class Bucket {
  readonly #rate: Rate;
  #tokens: number;
  #at: number;

  /** @param now milliseconds on a clock that never goes back */
  constructor(rate: Rate, now: number = performance.now()) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#at = now;
  }

  /** @returns 0 when there was a token, and it was taken; else the milliseconds until there is one */
  take(now: number = performance.now()): number {
    const { perSecond, burst } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#at) * perSecond) / 1000);
    this.#at = now;
    if (this.#tokens < 1) return Math.ceil(((1 - this.#tokens) * 1000) / perSecond);
    this.#tokens -= 1;
    return 0;
  }
}
