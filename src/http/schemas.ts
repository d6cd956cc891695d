import { z } from "@hono/zod-openapi";
import { isPlainText } from "../domain/text.ts";
import { isTimeZone } from "../domain/time.ts";

/** Text that a person typed; `lines` allows line feeds and tabs. */
const text = (max: number, { lines = false }: { lines?: boolean } = {}) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine(
      (value) => isPlainText(value, { lines }),
      "must not contain control characters or broken Unicode",
    );

const uuid = z.uuid("must be an id (UUID)").transform((id) => id.toLowerCase());

/** How a coach or a client is named: an id, or `ext:` and the caller's own id. */
const reference = (what: string) =>
  z
    .string()
    .max(204)
    .regex(
      /^(ext:.{1,200}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/iu,
      "must be an id (UUID) or ext:<externalId>",
    )
    .refine((value) => isPlainText(value), "must not contain control characters")
    .openapi({
      description: `The id of a ${what}, or "ext:" and your own id of it.`,
      example: `ext:${what}-17`,
    });

const earliest = Date.UTC(2000, 0, 1);
const latest = Date.UTC(2200, 0, 1);

/** An instant, RFC 3339 with its offset. */
const instant = z.iso
  .datetime({ offset: true, error: "must be an instant with its offset, such as 2030-01-07T10:00:00+01:00" })
  .transform((value) => new Date(value))
  .refine(
    (value) => value.getTime() >= earliest && value.getTime() < latest,
    "must lie between the years 2000 and 2200",
  )
  .openapi({ type: "string", format: "date-time", example: "2030-01-07T10:00:00+01:00" });

/** An instant in an answer. */
const moment = z.union([z.date(), z.string()]).openapi({ type: "string", format: "date-time" });

const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, "must be a time zone of the IANA database, such as Europe/Berlin")
  .openapi({ example: "Europe/Berlin" });

const email = z.email("must be a mail address").max(320);
const name = text(200).openapi({ example: "Ada Okafor" });
const externalId = text(200);
const reason = text(500, { lines: true });
const metadata = z
  .record(
    text(64),
    z
      .string()
      .max(500)
      .refine((value) => isPlainText(value, { lines: true }), "must not contain control characters"),
  )
  .refine((value) => Object.keys(value).length <= 20, "must have 20 keys at most");

export const PersonParams = z.object({ id: reference("coach or client") });
export const IdParams = z.object({ id: uuid });

export const CreateCoachBody = z.strictObject({
  name,
  timeZone,
  email: email.optional(),
  externalId: externalId.optional(),
  score: z.number().min(0).max(1).optional(),
  dailyLimit: z.int().min(1).max(1000).optional(),
});

export const CreateClientBody = z.strictObject({
  name,
  timeZone,
  email: email.optional(),
  externalId: externalId.optional(),
});

export const BookBody = z.strictObject({
  coachId: reference("coach"),
  clientId: reference("client").optional(),
  client: z.strictObject({ name, email: email.optional(), externalId: externalId.optional() }).optional(),
  startsAt: instant,
  endsAt: instant.optional(),
  durationMinutes: z.int().min(1).max(1440).optional(),
  title: text(200).optional(),
  notes: text(4000, { lines: true }).optional(),
  metadata: metadata.optional(),
});

export const ReasonBody = z.strictObject({ reason: reason.optional() });

export const JoinBody = z.strictObject({
  name: name.optional(),
  as: z.enum(["coach", "client"]).optional(),
  role: z.enum(["guest", "observer"]).optional(),
});

const limit = z.coerce
  .number()
  .pipe(z.int().min(1).max(200))
  .default(50)
  .openapi({ type: "integer", minimum: 1, maximum: 200 });

export const PageQuery = z.strictObject({ limit, cursor: z.string().max(200).optional() });

const scheduleQuery = {
  ...PageQuery.shape,
  sort: z.enum(["startsAt"]).optional(),
  coachId: reference("coach").optional(),
  clientId: reference("client").optional(),
  from: instant.optional(),
  to: instant.optional(),
};

export const BookingsQuery = z.strictObject({
  ...scheduleQuery,
  status: z.enum(["pending", "accepted", "declined", "cancelled", "expired"]).optional(),
});

export const SessionsQuery = z.strictObject({
  ...scheduleQuery,
  status: z.enum(["scheduled", "in_progress", "completed", "cancelled", "no_show"]).optional(),
});

export const MySessionsQuery = SessionsQuery.extend({ as: z.enum(["coach", "client"]).optional() });

export const EventsQuery = z.strictObject({
  limit,
  after: z.coerce
    .number()
    .pipe(z.int().min(0).max(2_147_483_647))
    .default(0)
    .openapi({ type: "integer", minimum: 0 }),
});

const versioned = { version: z.int(), createdAt: moment, updatedAt: moment };

export const PublicCoach = z
  .object({ id: z.uuid(), name: z.string(), timeZone: z.string() })
  .openapi("PublicCoach");

export const Coach = PublicCoach.extend({
  email: z.string().nullable(),
  externalId: z.string().nullable(),
  score: z.number(),
  dailyLimit: z.int().nullable(),
  calendarPolicy: z.enum(["fail_open", "fail_closed"]),
  active: z.boolean(),
  ...versioned,
}).openapi("Coach");

export const Client = z
  .object({
    id: z.uuid(),
    name: z.string(),
    email: z.string().nullable(),
    externalId: z.string().nullable(),
    timeZone: z.string(),
    ...versioned,
  })
  .openapi("Client");

export const Booking = z
  .object({
    id: z.uuid(),
    status: z.enum(["pending", "accepted", "declined", "cancelled", "expired"]),
    coachId: z.uuid(),
    clientId: z.uuid(),
    poolId: z.uuid().nullable(),
    sessionTypeId: z.uuid().nullable(),
    title: z.string().nullable(),
    startsAt: moment,
    endsAt: moment,
    notes: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    sessionId: z.uuid().nullable(),
    ...versioned,
  })
  .openapi("Booking");

export const Session = z
  .object({
    id: z.uuid(),
    bookingId: z.uuid(),
    status: z.enum(["scheduled", "in_progress", "completed", "cancelled", "no_show"]),
    coachId: z.uuid(),
    clientId: z.uuid(),
    startsAt: moment,
    endsAt: moment,
    startedAt: moment.nullable(),
    endedAt: moment.nullable(),
    endReason: z.string().nullable(),
    participantCount: z.int(),
    lastSeq: z.int(),
    ...versioned,
  })
  .openapi("Session");

export const BookingWithSession = z
  .object({ booking: Booking, session: Session.nullable() })
  .openapi("BookingWithSession");

export const JoinAnswer = z
  .object({ ticket: z.string(), expiresAt: moment, url: z.string(), session: Session })
  .openapi("JoinAnswer");

const role = z.enum(["coach", "client", "guest", "observer"]);

export const Participant = z
  .object({
    participantId: z.uuid(),
    role,
    name: z.string(),
    joinedAt: moment,
    connections: z.int(),
    status: z.enum(["connected", "reconnecting"]),
    state: z.record(z.string(), z.unknown()),
  })
  .openapi("Participant");

export const Visit = z
  .object({
    sessionId: z.uuid(),
    participantId: z.uuid(),
    role,
    name: z.string(),
    joinedAt: moment,
    leftAt: moment.nullable(),
    leftReason: z.enum(["left", "lost", "removed", "closed"]).nullable(),
  })
  .openapi("Visit");

export const RoomEvent = z
  .object({
    sessionId: z.uuid(),
    seq: z.int(),
    id: z.uuid(),
    type: z.string(),
    at: moment,
    actor: z.object({ type: z.string(), id: z.string(), name: z.string().optional() }),
    data: z.record(z.string(), z.unknown()),
  })
  .openapi("RoomEvent");

export const Summary = z
  .object({
    sessionId: z.uuid(),
    generatedAt: moment,
    durationMinutes: z.int(),
    scheduledMinutes: z.int(),
    startedLateMinutes: z.int(),
    participants: z.array(
      z.object({
        participantId: z.uuid(),
        name: z.string(),
        role,
        minutesPresent: z.int(),
        visits: z.int(),
        firstJoinedAt: moment,
        lastLeftAt: moment.nullable(),
      }),
    ),
    messageCount: z.int(),
    text: z.string(),
  })
  .openapi("Summary");

/** One page of a list. */
export const pageOf = (item: z.ZodType) =>
  z.object({ data: z.array(item), nextCursor: z.string().nullable() });
