import { listEntriesToMail, notify as notifyPeople } from "../usecases/mail/notify.ts";
import { defineJob } from "./job.ts";

/** Mails those whom an event concerns. Idempotent on the entry that tells of it. */
export const notify = defineJob(
  "notify",
  async (app, { payload: { entryId, type, bookingId, sessionId, reason } }) => {
    if (entryId === undefined || type === undefined) return;
    await notifyPeople(app, { entryId, type, bookingId, sessionId, reason });
  },
  { pick: listEntriesToMail, queue: "mail" },
);
