import { remind as remindPeople } from "../usecases/mail/reminders.ts";
import { defineJob } from "./job.ts";

/** Reminds both sides of a session that is about to start. Idempotent on the booking, its start and the distance. */
export const remind = defineJob(
  "remind",
  async (app, { payload }) => {
    const { bookingId, startsAt, minutesBefore } = payload;
    if (bookingId === undefined || startsAt === undefined || minutesBefore === undefined) return;
    await remindPeople(app, { bookingId, startsAt: new Date(startsAt), minutesBefore });
  },
  { queue: "mail" },
);
