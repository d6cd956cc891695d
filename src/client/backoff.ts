/** Bounds of the waits between attempts, in milliseconds. */
export type BackoffBounds = { minMs: number; maxMs: number };

export const defaultBackoff: BackoffBounds = { minMs: 300, maxMs: 10_000 };

/** The longest wait that timers can do. */
const maxTimerMs = 2_147_483_647;

/**
 * How long to wait before the attempt that follows `failures` failed ones, in milliseconds: anything from 0 to a
 * bound that doubles each time, from `minMs` up to `maxMs`. All of it is chance, so that those who lost the same
 * hub do not come back together.
 */
export const backoffMs = (failures: number, { minMs, maxMs }: BackoffBounds, random = Math.random): number =>
  Math.round(random() * Math.min(maxMs, minMs * 2 ** Math.min(failures, 30)));

/** The wait as it is, kept within what a timer can do. */
export const timerMs = (ms: number): number => Math.min(Math.max(0, ms), maxTimerMs);
