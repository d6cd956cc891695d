import type { NewJob } from "../../domain/job.ts";

/** The work of reading a calendar: one a calendar, however often it is asked for before it is done. */
export const syncJob = (calendarId: string): Omit<NewJob, "requestId"> => ({
  id: `sync-${calendarId}`,
  name: "sync-calendar",
  payload: { calendarId },
  dueAt: null,
});
