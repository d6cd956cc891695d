import { syncCalendar as sync } from "../usecases/calendars/sync.ts";
import { defineJob } from "./job.ts";

/** Reads a calendar elsewhere. Idempotent on the calendar; one that cannot be read is tried again when it is due next. */
export const syncCalendar = defineJob(
  "sync-calendar",
  async (app, { payload, requestId }) => {
    if (payload.calendarId !== undefined) await sync(app, { calendarId: payload.calendarId, requestId });
  },
  { queue: "calendars" },
);
