import { listEntriesToMail } from "../usecases/mail/notify.ts";
import { planReminders as plan } from "../usecases/mail/reminders.ts";
import { defineJob } from "./job.ts";

/** Makes the reminders of a booking fit its time. Idempotent on the booking. */
export const planReminders = defineJob(
  "plan-reminders",
  async (app, { payload: { bookingId }, requestId }) => {
    if (bookingId !== undefined) await plan(app, { bookingId, requestId });
  },
  { pick: listEntriesToMail },
);
