import { setTimeout as delay } from "node:timers/promises";

/**
 * Waits until a condition holds and returns what it gave.
 * @throws after `timeoutMs` (5 s), naming what did not come; or what the condition throws
 */
export const waitFor = async <T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 5_000, what }: { timeoutMs?: number; what: string },
): Promise<NonNullable<T>> => {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await delay(20);
  }
};
