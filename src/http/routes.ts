import type { Operation } from "./operation.ts";
import { readAvailability } from "./routes/availability/read.ts";
import { setAvailability } from "./routes/availability/set.ts";
import { createBlock } from "./routes/blocks/create.ts";
import { deleteBlock } from "./routes/blocks/delete.ts";
import { acceptBooking } from "./routes/bookings/accept.ts";
import { bookSession } from "./routes/bookings/book.ts";
import { cancelBooking } from "./routes/bookings/cancel.ts";
import { declineBooking } from "./routes/bookings/decline.ts";
import { listBookings } from "./routes/bookings/list.ts";
import { readBooking } from "./routes/bookings/read.ts";
import { rescheduleBooking } from "./routes/bookings/reschedule.ts";
import { deleteCalendar } from "./routes/calendars/delete.ts";
import { listCalendars } from "./routes/calendars/list.ts";
import { readCalendar } from "./routes/calendars/read.ts";
import { subscribeCalendar } from "./routes/calendars/subscribe.ts";
import { syncCalendar } from "./routes/calendars/sync.ts";
import { createClient } from "./routes/clients/create.ts";
import { listClients } from "./routes/clients/list.ts";
import { readClient } from "./routes/clients/read.ts";
import { updateClient } from "./routes/clients/update.ts";
import { closeFeed } from "./routes/coach-feeds/close.ts";
import { openFeed } from "./routes/coach-feeds/open.ts";
import { readFeedAddress } from "./routes/coach-feeds/read-address.ts";
import { readFeed } from "./routes/coach-feeds/read.ts";
import { createCoach } from "./routes/coaches/create.ts";
import { listCoaches } from "./routes/coaches/list.ts";
import { readCoach } from "./routes/coaches/read.ts";
import { updateCoach } from "./routes/coaches/update.ts";
import { replayDelivery } from "./routes/deliveries/replay.ts";
import { createHold } from "./routes/holds/create.ts";
import { readHold } from "./routes/holds/read.ts";
import { releaseHold } from "./routes/holds/release.ts";
import { listFailedJobs } from "./routes/jobs/list-failed.ts";
import { replayJob } from "./routes/jobs/replay.ts";
import { listMails } from "./routes/mails/list.ts";
import { readMail } from "./routes/mails/read.ts";
import { createPool } from "./routes/pools/create.ts";
import { readDistribution } from "./routes/pools/distribution.ts";
import { listPools } from "./routes/pools/list.ts";
import { readPool } from "./routes/pools/read.ts";
import { updatePool } from "./routes/pools/update.ts";
import { createSessionType } from "./routes/session-types/create.ts";
import { listSessionTypes } from "./routes/session-types/list.ts";
import { readSessionType } from "./routes/session-types/read.ts";
import { updateSessionType } from "./routes/session-types/update.ts";
import { admitParticipant } from "./routes/sessions/admit-participant.ts";
import { readAttendance } from "./routes/sessions/attendance.ts";
import { cancelSession } from "./routes/sessions/cancel.ts";
import { correctSession } from "./routes/sessions/correct.ts";
import { endSession } from "./routes/sessions/end.ts";
import { listSessionEvents } from "./routes/sessions/events.ts";
import { joinWithLink } from "./routes/sessions/join-with-link.ts";
import { joinSession } from "./routes/sessions/join.ts";
import { listMySessions } from "./routes/sessions/list-mine.ts";
import { listSessions } from "./routes/sessions/list.ts";
import { markNoShow } from "./routes/sessions/no-show.ts";
import { listParticipants } from "./routes/sessions/participants.ts";
import { removeParticipant } from "./routes/sessions/remove-participant.ts";
import { readSession } from "./routes/sessions/read.ts";
import { startSession } from "./routes/sessions/start.ts";
import { readSummary } from "./routes/sessions/summary.ts";
import { explainSlot } from "./routes/slots/explain.ts";
import { listSlots } from "./routes/slots/list.ts";
import { createWebhook } from "./routes/webhooks/create.ts";
import { deleteWebhook } from "./routes/webhooks/delete.ts";
import { listWebhookDeliveries } from "./routes/webhooks/deliveries.ts";
import { listWebhooks } from "./routes/webhooks/list.ts";
import { readWebhook } from "./routes/webhooks/read.ts";
import { rotateWebhook } from "./routes/webhooks/rotate.ts";
import { updateWebhook } from "./routes/webhooks/update.ts";

/** Every operation of the API: what is not here is not served. */
export const operations: readonly Operation[] = [
  createCoach,
  listCoaches,
  readCoach,
  updateCoach,
  readAvailability,
  setAvailability,
  createBlock,
  deleteBlock,
  subscribeCalendar,
  listCalendars,
  readCalendar,
  deleteCalendar,
  syncCalendar,
  openFeed,
  readFeedAddress,
  closeFeed,
  readFeed,
  createClient,
  listClients,
  readClient,
  updateClient,
  createPool,
  listPools,
  readPool,
  updatePool,
  readDistribution,
  createSessionType,
  listSessionTypes,
  readSessionType,
  updateSessionType,
  listSlots,
  explainSlot,
  createHold,
  readHold,
  releaseHold,
  bookSession,
  listBookings,
  readBooking,
  acceptBooking,
  declineBooking,
  cancelBooking,
  rescheduleBooking,
  listSessions,
  listMySessions,
  readSession,
  joinSession,
  joinWithLink,
  startSession,
  endSession,
  cancelSession,
  markNoShow,
  correctSession,
  listParticipants,
  removeParticipant,
  admitParticipant,
  listSessionEvents,
  readAttendance,
  readSummary,
  listFailedJobs,
  replayJob,
  createWebhook,
  listWebhooks,
  readWebhook,
  updateWebhook,
  deleteWebhook,
  rotateWebhook,
  listWebhookDeliveries,
  replayDelivery,
  listMails,
  readMail,
];
