import type { App } from "../usecases/app.ts";
import { claimDueCalendars } from "../usecases/calendars/claim-due.ts";
import { releaseLapsed } from "../usecases/lanes/lapse.ts";
import { prune } from "../usecases/prune.ts";
import { closeOverdueSessions } from "../usecases/sessions/close-overdue.ts";

/** Something that is looked at again and again. What it does is decided in the database, so any number of nodes may. */
type Chore = { name: string; everyMs: number; run: (app: App, closing: AbortSignal) => Promise<unknown> };

const chores: readonly Chore[] = [
  // What has lapsed stops nobody meanwhile, only its end is told this much later.
  { name: "release what has lapsed", everyMs: 5_000, run: (app) => releaseLapsed(app) },
  { name: "close overdue sessions", everyMs: 15_000, run: (app) => closeOverdueSessions(app) },
  { name: "claim calendars that are due", everyMs: 5_000, run: (app) => claimDueCalendars(app, 100) },
  // More often than what it takes away grows old, and at each start: a worker that never lives for a day prunes too.
  { name: "prune", everyMs: 3_600_000, run: prune },
];

export type RunningSweep = { close(): Promise<void> };

/** Runs the chores, each one pass at a time. */
export const startSweep = (app: App): RunningSweep => {
  const running = chores.map((chore) => repeat(app, chore));
  return {
    close: async () => {
      await Promise.all(running.map(({ close }) => close()));
    },
  };
};

const repeat = (app: App, { name, everyMs, run }: Chore): RunningSweep => {
  const closing = new AbortController();
  let passing: Promise<void> | null = null;
  let failing = false;
  const pass = (): void => {
    passing ??= run(app, closing.signal)
      .then(() => {
        if (failing) app.log.info({ chore: name }, "a chore works again");
        failing = false;
      })
      .catch((error: unknown) => {
        // Once for an outage, not at every pass.
        if (!failing) app.log.warn({ err: error, chore: name }, "a chore failed; every pass tries again");
        failing = true;
      })
      .finally(() => {
        passing = null;
      });
  };
  const timer = setInterval(pass, everyMs);
  pass();
  return {
    close: async () => {
      clearInterval(timer);
      closing.abort();
      await passing;
    },
  };
};
