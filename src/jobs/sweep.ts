import type { App } from "../usecases/app.ts";
import { releaseLapsed } from "../usecases/lanes/lapse.ts";

/** How often what has lapsed is looked for; it stops nobody meanwhile, only its end is told this much later. */
const sweepMs = 5_000;

export type RunningSweep = { close(): Promise<void> };

/** Ends holds and pending bookings whose deadline has passed, one pass at a time. */
export const startSweep = (app: App): RunningSweep => {
  let running: Promise<void> | null = null;
  const sweep = (): void => {
    running ??= releaseLapsed(app)
      .then(
        () => {},
        (error: unknown) =>
          app.log.debug({ err: error }, "what has lapsed could not be ended; the next pass tries again"),
      )
      .finally(() => {
        running = null;
      });
  };
  const timer = setInterval(sweep, sweepMs);
  sweep();
  return {
    close: async () => {
      clearInterval(timer);
      await running;
    },
  };
};
