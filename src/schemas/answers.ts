import { z } from "@hono/zod-openapi";
import { deliveryStatuses, webhookEventTypes } from "../domain/webhook.ts";

/** An instant in an answer. */
export const moment = z.union([z.date(), z.string()]).openapi({ type: "string", format: "date-time" });

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
    endReason: z
      .string()
      .nullable()
      .openapi({
        description:
          "Why it ended, as whoever ended it said; `empty_room`, `overrun`, `time_over` or `no_show` where the hub did. " +
          "A correction leaves it.",
      }),
    absent: z.enum(["coach", "client", "both"]).nullable(),
    participantCount: z.int(),
    lastSeq: z.int(),
    ...versioned,
  })
  .openapi("Session");

export const BookingWithSession = z
  .object({ booking: Booking, session: Session.nullable() })
  .openapi("BookingWithSession");

export const Hold = z
  .object({
    id: z.uuid(),
    status: z.enum(["open", "converted", "released", "expired"]),
    coachId: z.uuid(),
    clientId: z.uuid().nullable(),
    poolId: z.uuid().nullable(),
    sessionTypeId: z.uuid().nullable(),
    startsAt: moment,
    endsAt: moment,
    expiresAt: moment,
    createdAt: moment,
    updatedAt: moment,
  })
  .openapi("Hold");

export const Block = z
  .object({
    id: z.uuid(),
    coachId: z.uuid(),
    startsAt: moment,
    endsAt: moment,
    reason: z.string().nullable(),
  })
  .openapi("Block");

export const ExternalCalendar = z
  .object({
    id: z.uuid(),
    coachId: z.uuid(),
    url: z.string().openapi({ description: "Cut to its host for those who may not manage the calendar." }),
    syncedAt: moment.nullable().openapi({ description: "When its busy periods were true last." }),
    attemptedAt: moment.nullable(),
    nextSyncAt: moment,
    lastError: z.string().nullable().openapi({
      description:
        "Why the last attempt failed; the busy periods are then those of the last that worked. Or, with a `syncedAt` that moves on, how many events could not be read.",
    }),
    skippedEvents: z
      .int()
      .openapi({ description: "Events that could not be read; what was known of their time is kept." }),
    stale: z.boolean(),
    busyPeriodCount: z.int(),
    ...versioned,
  })
  .openapi("ExternalCalendar");

export const CalendarFeed = z
  .object({ coachId: z.uuid(), url: z.string(), createdAt: moment })
  .openapi("CalendarFeed");

const answeredWindow = z.object({ start: z.string(), end: z.string() });

export const Availability = z
  .object({
    coachId: z.uuid(),
    timeZone: z.string(),
    rules: z.array(answeredWindow.extend({ weekday: z.int() })).nullable(),
    overrides: z.array(z.object({ date: z.string(), windows: z.array(answeredWindow) })).nullable(),
    version: z.int(),
  })
  .openapi("Availability");

export const PublicPool = z.object({ id: z.uuid(), name: z.string() }).openapi("PublicPool");

export const Pool = PublicPool.extend({
  members: z.array(z.object({ coachId: z.uuid(), weight: z.int(), priority: z.int() })),
  ...versioned,
}).openapi("Pool");

export const Distribution = z
  .object({
    coaches: z.array(
      z.object({
        coachId: z.uuid(),
        name: z.string(),
        bookings: z.int(),
        share: z.number(),
        targetShare: z.number(),
        utilisation: z.number().nullable(),
      }),
    ),
    fairness: z.number(),
  })
  .openapi("Distribution");

export const PublicSessionType = z
  .object({
    id: z.uuid(),
    slug: z.string(),
    name: z.string(),
    coachIds: z.array(z.uuid()),
    poolIds: z.array(z.uuid()),
    durationMinutes: z.int(),
    minimumNoticeMinutes: z.int(),
    bookingWindowDays: z.int().nullable(),
    requiresApproval: z.boolean(),
    requiresAdmission: z.boolean(),
    allowsModelSummary: z.boolean(),
    stepMinutes: z.int(),
    cancelCutoffMinutes: z.int(),
    rescheduleCutoffMinutes: z.int(),
  })
  .openapi("PublicSessionType");

export const SessionType = PublicSessionType.extend({
  bufferBeforeMinutes: z.int(),
  bufferAfterMinutes: z.int(),
  approvalDeadlineMinutes: z.int(),
  location: z.object({ kind: z.enum(["room", "url", "in_person"]), value: z.string().optional() }),
  emptyRoomMinutes: z.int().nullable(),
  maxOverrunMinutes: z.int().nullable(),
  noShowMinutes: z.int().nullable(),
  ...versioned,
}).openapi("SessionType");

export const SlotsAnswer = z
  .object({
    timeZone: z.string(),
    slots: z.array(z.object({ startsAt: moment, endsAt: moment, coachIds: z.array(z.uuid()) })),
    total: z.int(),
    stale: z.array(z.uuid()),
  })
  .openapi("Slots");

export const Explanation = z
  .object({
    coaches: z.array(
      z.object({
        coachId: z.uuid(),
        available: z.boolean(),
        reasons: z.array(z.object({ code: z.string(), detail: z.string() })),
      }),
    ),
  })
  .openapi("Explanation");

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

export const WaitingGuest = z.object({ participantId: z.uuid(), name: z.string() }).openapi("WaitingGuest");

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
    outcome: z.enum(["completed", "cancelled", "no_show"]),
    durationMinutes: z.int(),
    scheduledMinutes: z.int(),
    startedLateMinutes: z.int(),
    togetherMinutes: z
      .int()
      .openapi({ description: "How long coach and client were there at the same time." }),
    absent: z.array(z.enum(["coach", "client"])),
    participants: z.array(
      z.object({
        participantId: z.uuid(),
        name: z.string(),
        role,
        minutesPresent: z.int(),
        visits: z.int(),
        firstJoinedAt: moment,
        lastLeftAt: moment.nullable(),
        lateMinutes: z.int(),
        drops: z.int().openapi({ description: "Visits that ended with a connection that was lost." }),
        messages: z.int(),
      }),
    ),
    attendeeCount: z
      .int()
      .openapi({ description: "How many attended; the room's event names the first twelve of them." }),
    messageCount: z.int(),
    text: z.string().openapi({ description: "Plain sentences, times in UTC." }),
    markdown: z.string().openapi({
      description: "The same as CommonMark, in which nothing that people or a model wrote is markup.",
    }),
    modelText: z.string().nullable().openapi({
      description:
        "What a model wrote from chat and notes: plain text, not to be taken for true. Null for none.",
    }),
  })
  .openapi("Summary");

export const Job = z
  .object({
    id: z.string(),
    name: z.string(),
    payload: z.record(z.string(), z.unknown()),
    requestId: z.string().nullable(),
    attempts: z.int(),
    lastError: z.string().nullable(),
    dueAt: moment,
    enqueuedAt: moment.nullable(),
    failedAt: moment.nullable(),
    createdAt: moment,
  })
  .openapi("Job");
const webhookEvent = z.enum(webhookEventTypes);

export const Webhook = z
  .object({
    id: z.uuid(),
    url: z.string(),
    events: z.array(webhookEvent),
    description: z.string().nullable(),
    ownerEmail: z.string().nullable(),
    createdBy: z.string(),
    enabled: z.boolean(),
    failingSince: moment.nullable(),
    disabledReason: z.string().nullable(),
    previousSecretUntil: moment.nullable(),
    ...versioned,
  })
  .openapi("Webhook");

/** Right after the secret was made; a replay under the same `Idempotency-Key` has none. */
export const WebhookWithSecret = Webhook.extend({ secret: z.string().optional() }).openapi(
  "WebhookWithSecret",
);

export const WebhookDelivery = z
  .object({
    id: z.uuid(),
    endpointId: z.uuid(),
    eventId: z.uuid(),
    eventType: webhookEvent,
    status: z.enum(deliveryStatuses),
    attempts: z.int(),
    dueAt: moment.nullable(),
    lastAttemptAt: moment.nullable(),
    lastStatus: z.int().nullable(),
    lastError: z.string().nullable(),
    lastDurationMs: z.int().nullable(),
    deliveredAt: moment.nullable(),
    createdAt: moment,
  })
  .openapi("WebhookDelivery");
export const MailSummary = z
  .object({
    id: z.uuid(),
    kind: z.string(),
    status: z.enum(["pending", "sent", "failed", "kept"]),
    bookingId: z.uuid().nullable(),
    to: z.object({ personId: z.uuid().nullable(), name: z.string(), address: z.string() }),
    subject: z.string(),
    messageId: z.string(),
    invitation: z.enum(["REQUEST", "CANCEL"]).nullable(),
    attempts: z.int(),
    lastError: z.string().nullable(),
    createdAt: moment,
    sentAt: moment.nullable(),
  })
  .openapi("MailSummary");

export const Mail = MailSummary.extend({
  text: z.string(),
  html: z.string(),
  ics: z.string().nullable(),
}).openapi("Mail");

/** One page of a list. */
export const pageOf = (item: z.ZodType) =>
  z.object({ data: z.array(item), nextCursor: z.string().nullable() });
