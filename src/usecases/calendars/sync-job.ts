import type { NewJob } from "../../domain/job.ts";

/** The work of reading a calendar; asked for twice at one time, it is there once. */
export const syncJob = (calendarId: string, at: Date): Omit<NewJob, "requestId"> => ({
  id: `sync-${calendarId}-${at.getTime()}`,
  name: "sync-calendar",
  payload: { calendarId },
  dueAt: null,
});
