import { z } from "@hono/zod-openapi";
import { maxHoldSeconds } from "../../domain/hold.ts";
import { deliveryStatuses, webhookEventTypes } from "../../domain/webhook.ts";
import {
  email,
  externalId,
  instant,
  metadata,
  name,
  reason,
  reference,
  text,
  timeZone,
  uuid,
} from "../../schemas/fields.ts";

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

const duration = z.int().min(1).max(1440);

/** Whose time is asked for: one of the two. */
const target = { coachId: reference("coach").optional(), poolId: uuid.optional() };

/** When, and by which rules: a length or an end, or a session type that sets the length. */
const term = {
  endsAt: instant.optional(),
  durationMinutes: duration.optional(),
  sessionTypeId: uuid.optional(),
};

export const BookBody = z.strictObject({
  ...target,
  holdId: uuid.optional(),
  clientId: reference("client").optional(),
  client: z.strictObject({ name, email: email.optional(), externalId: externalId.optional() }).optional(),
  startsAt: instant.optional(),
  ...term,
  title: text(200).optional(),
  notes: text(4000, { lines: true }).optional(),
  metadata: metadata.optional(),
});

export const HoldBody = z.strictObject({
  ...target,
  startsAt: instant,
  ...term,
  clientId: reference("client").optional(),
  ttlSeconds: z.int().min(1).max(maxHoldSeconds).optional(),
});

export const RescheduleBody = z.strictObject({
  startsAt: instant,
  endsAt: instant.optional(),
  durationMinutes: duration.optional(),
});

export const BlockBody = z.strictObject({ startsAt: instant, endsAt: instant, reason: reason.optional() });
export const BlockParams = z.object({ id: reference("coach"), blockId: uuid });

export const SubscribeCalendarBody = z.strictObject({
  url: text(2048).openapi({ example: "https://calendar.google.com/calendar/ical/…/basic.ics" }),
});
export const CalendarParams = z.object({ id: reference("coach"), calendarId: uuid });
export const CoachParams = z.object({ id: reference("coach") });
export const FeedQuery = z.object({ key: z.string().max(200) });

const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time of day, such as 09:00")
  .openapi({ example: "09:00" });
const endOfWindow = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, "must be a time of day, up to 24:00")
  .openapi({ example: "17:00" });
const window = { start: timeOfDay, end: endOfWindow };

export const AvailabilityBody = z.strictObject({
  rules: z.array(z.strictObject({ weekday: z.int().min(1).max(7), ...window })).max(200),
  overrides: z
    .array(
      z.strictObject({
        date: z.iso.date("must be a date, such as 2030-01-07"),
        windows: z.array(z.strictObject(window)).max(50),
      }),
    )
    .max(500)
    .default([]),
});

const members = z
  .array(
    z.strictObject({
      coachId: reference("coach"),
      weight: z.int().min(1).max(10_000).optional(),
      priority: z.int().min(-1000).max(1000).optional(),
    }),
  )
  .max(500);

export const CreatePoolBody = z.strictObject({ name, members });
export const UpdatePoolBody = z.strictObject({ name: name.optional(), members: members.optional() });

/** One that may stand behind a link: a browser runs what others say. */
const isWebUrl = (text: string): boolean =>
  URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol);

const minutes = (max: number) => z.int().min(0).max(max);
const weekMinutes = 7 * 24 * 60;

export const CreateSessionTypeBody = z.strictObject({
  slug: z
    .string()
    .max(100)
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "must be lower-case words joined by dashes")
    .openapi({ example: "first-talk" }),
  name,
  coachIds: z.array(reference("coach")).max(500).optional(),
  poolIds: z.array(uuid).max(100).optional(),
  durationMinutes: duration,
  bufferBeforeMinutes: minutes(1440).optional(),
  bufferAfterMinutes: minutes(1440).optional(),
  minimumNoticeMinutes: minutes(366 * 1440).optional(),
  bookingWindowDays: z.int().min(1).max(3660).nullable().optional(),
  requiresApproval: z.boolean().optional(),
  requiresAdmission: z.boolean().optional(),
  allowsModelSummary: z.boolean().optional().openapi({
    description:
      "Whether chat and notes may be shown to the model that the hub is set up with. True unless set.",
  }),
  approvalDeadlineMinutes: z
    .int()
    .min(1)
    .max(10 * weekMinutes)
    .optional(),
  stepMinutes: z.int().min(5).max(1440).optional(),
  cancelCutoffMinutes: minutes(10 * weekMinutes).optional(),
  rescheduleCutoffMinutes: minutes(10 * weekMinutes).optional(),
  location: z
    .strictObject({ kind: z.enum(["room", "url", "in_person"]), value: text(1000).optional() })
    .refine(({ kind, value }) => kind !== "url" || (value !== undefined && isWebUrl(value)), {
      path: ["value"],
      message: "must be a URL that begins with https:// or http://",
    })
    .optional(),
  emptyRoomMinutes: minutes(1440).nullable().optional(),
  maxOverrunMinutes: minutes(1440).nullable().optional(),
  noShowMinutes: z.int().min(1).max(1440).nullable().optional(),
});

export const UpdateSessionTypeBody = CreateSessionTypeBody.partial();

export const UpdateCoachBody = z.strictObject({
  name: name.optional(),
  timeZone: timeZone.optional(),
  email: email.nullable().optional(),
  externalId: externalId.nullable().optional(),
  score: z.number().min(0).max(1).optional(),
  dailyLimit: z.int().min(1).max(1000).nullable().optional(),
  calendarPolicy: z.enum(["fail_open", "fail_closed"]).optional(),
  active: z.boolean().optional(),
});

export const UpdateClientBody = z.strictObject({
  name: name.optional(),
  timeZone: timeZone.optional(),
  email: email.nullable().optional(),
  externalId: externalId.nullable().optional(),
});

/** A whole number in a query. */
const queryInt = (min: number, max: number) =>
  z.coerce.number().pipe(z.int().min(min).max(max)).openapi({ type: "integer", minimum: min, maximum: max });

const queryTerm = { durationMinutes: queryInt(1, 1440).optional(), sessionTypeId: uuid.optional() };

export const SlotsQuery = z.strictObject({
  ...target,
  from: instant,
  to: instant.optional(),
  days: queryInt(1, 62).optional(),
  ...queryTerm,
  timeZone: timeZone.optional(),
  stepMinutes: queryInt(5, 1440).optional(),
});

export const ExplainQuery = z.strictObject({
  ...target,
  startsAt: instant,
  endsAt: instant.optional(),
  ...queryTerm,
});

export const StretchQuery = z.strictObject({ from: instant, to: instant });

export const ReasonBody = z.strictObject({ reason: reason.optional() });

const absent = z.enum(["coach", "client", "both"]);

export const NoShowBody = z.strictObject({ absent });

export const CorrectBody = z
  .strictObject({ outcome: z.enum(["completed", "no_show"]), absent: absent.optional(), reason })
  .refine(({ outcome, absent: given }) => (outcome === "no_show") === (given !== undefined), {
    path: ["absent"],
    message: "says who did not come to a no_show, and goes with nothing else",
  });

export const JoinBody = z.strictObject({
  name: name.optional(),
  as: z.enum(["coach", "client"]).optional(),
  role: z.enum(["guest", "observer"]).optional(),
});

const limit = queryInt(1, 200).default(50);

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

export const JobParams = z.object({ id: z.string().regex(/^[\w-]{1,300}$/) });

export const ParticipantParams = z.object({ id: uuid, participantId: uuid });

export const EventsQuery = z.strictObject({
  limit,
  after: z.coerce
    .number()
    .pipe(z.int().min(0).max(2_147_483_647))
    .default(0)
    .openapi({ type: "integer", minimum: 0 }),
});

const webhookUrl = z
  .string()
  .min(1)
  .max(2048)
  .openapi({ format: "uri", example: "https://example.com/hooks/courtside" });
const webhookEvents = z
  .array(z.enum(webhookEventTypes))
  .min(1)
  .max(100)
  .transform((events) => [...new Set(events)]);

export const CreateWebhookBody = z.strictObject({
  url: webhookUrl,
  events: webhookEvents,
  description: text(500, { lines: true }).optional(),
  ownerEmail: email.optional(),
});

export const UpdateWebhookBody = z.strictObject({
  url: webhookUrl.optional(),
  events: webhookEvents.optional(),
  description: text(500, { lines: true }).nullable().optional(),
  ownerEmail: email.nullable().optional(),
  enabled: z.boolean().optional(),
});

export const DeliveriesQuery = z.strictObject({
  ...PageQuery.shape,
  status: z.enum(deliveryStatuses).optional(),
});
