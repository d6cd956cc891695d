import type { Operation } from "./operation.ts";
import { bookSession } from "./routes/bookings/book.ts";
import { cancelBooking } from "./routes/bookings/cancel.ts";
import { listBookings } from "./routes/bookings/list.ts";
import { readBooking } from "./routes/bookings/read.ts";
import { createClient } from "./routes/clients/create.ts";
import { listClients } from "./routes/clients/list.ts";
import { readClient } from "./routes/clients/read.ts";
import { createCoach } from "./routes/coaches/create.ts";
import { listCoaches } from "./routes/coaches/list.ts";
import { readCoach } from "./routes/coaches/read.ts";
import { readAttendance } from "./routes/sessions/attendance.ts";
import { endSession } from "./routes/sessions/end.ts";
import { listSessionEvents } from "./routes/sessions/events.ts";
import { joinSession } from "./routes/sessions/join.ts";
import { listMySessions } from "./routes/sessions/list-mine.ts";
import { listSessions } from "./routes/sessions/list.ts";
import { listParticipants } from "./routes/sessions/participants.ts";
import { readSession } from "./routes/sessions/read.ts";
import { startSession } from "./routes/sessions/start.ts";
import { readSummary } from "./routes/sessions/summary.ts";

/** Every operation of the API: what is not here is not served. */
export const operations: readonly Operation[] = [
  createCoach,
  listCoaches,
  readCoach,
  createClient,
  listClients,
  readClient,
  bookSession,
  listBookings,
  readBooking,
  cancelBooking,
  listSessions,
  listMySessions,
  readSession,
  joinSession,
  startSession,
  endSession,
  listParticipants,
  listSessionEvents,
  readAttendance,
  readSummary,
];
