import type { OutboxEventType } from "../domain/outbox.ts";
import type { Job } from "./job.ts";
import { notify } from "./notify.ts";
import { planReminders } from "./plan-reminders.ts";
import { remind } from "./remind.ts";
import { summarise } from "./summarise.ts";
import { syncCalendar } from "./sync-calendar.ts";
import { webhookDisabled } from "./webhook-disabled.ts";

/** What hangs on a session that was completed: reviews, analytics, whatever comes is a file and a line here. */
const onSessionCompleted: readonly Job[] = [summarise, notify];

export type Subscribers = Partial<Record<OutboxEventType, readonly Job[]>>;

/** Who acts on what happened. An event without subscribers is done as it is relayed; endpoints are told of it all the same. */
export const subscribers: Subscribers = {
  "booking.requested": [notify],
  "booking.accepted": [notify, planReminders],
  "booking.declined": [notify],
  "booking.cancelled": [notify, planReminders],
  "booking.rescheduled": [notify, planReminders],
  "booking.expired": [notify],
  "session.started": [notify],
  "session.ended": onSessionCompleted,
  "session.cancelled": [summarise],
  "session.no_show": [summarise, notify],
  "session.corrected": [summarise],
};

/** Jobs that no event asks for: use cases write them themselves. */
const others: readonly Job[] = [remind, syncCalendar, webhookDisabled];

/** Every job that there is to do. */
export const allJobs = (own: Subscribers): readonly Job[] => [...Object.values(own).flat(), ...others];
