import { planReminders as plan } from "../usecases/mail/reminders.ts";
import { defineJob } from "./job.ts";

/** Makes the reminders of a booking fit its time. Idempotent on the booking. */
export const planReminders = defineJob("plan-reminders", async (app, { payload, requestId }) => {
  if (payload.bookingId === undefined) return;
  await plan(app, { bookingId: payload.bookingId, requestId });
});
