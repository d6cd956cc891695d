/** What endpoints may subscribe to. Whatever else the outbox says stays within the hub. */
export const webhookEventTypes = [
  "booking.requested",
  "booking.accepted",
  "booking.declined",
  "booking.cancelled",
  "booking.rescheduled",
  "booking.expired",
  "session.started",
  "session.ended",
  "session.cancelled",
  "session.no_show",
  "participant.joined",
  "participant.left",
  "summary.ready",
] as const;

export type WebhookEventType = (typeof webhookEventTypes)[number];

/** Where events are sent to. Its secrets are never part of this. */
export type WebhookEndpoint = {
  id: string;
  url: string;
  events: WebhookEventType[];
  description: string | null;
  /** Who is told when the hub disables it; null: the log alone tells. */
  ownerEmail: string | null;
  /** The caller that registered it. */
  createdBy: string;
  enabled: boolean;
  /** Since when every attempt has failed; null after one that worked. */
  failingSince: Date | null;
  /** Why the hub disabled it, in plain words; null when it did not. */
  disabledReason: string | null;
  /** Until when the secret before the last rotation signs as well; null when none does. */
  previousSecretUntil: Date | null;
  version: number;
  createdAt: Date;
  updatedAt: Date;
};

export const deliveryStatuses = ["pending", "delivered", "failed"] as const;

export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** An event on its way to an endpoint. */
export type WebhookDelivery = {
  id: string;
  endpointId: string;
  eventId: string;
  eventType: WebhookEventType;
  /** `failed` is for good: nothing but a replay sends it again. */
  status: DeliveryStatus;
  /** How many have been made, since the last replay. */
  attempts: number;
  /** When the next attempt is to be made; null when none is. */
  dueAt: Date | null;
  lastAttemptAt: Date | null;
  /** The status that the receiver answered last; null when it did not. */
  lastStatus: number | null;
  /** Why the last attempt failed, in plain words; null when it did not. */
  lastError: string | null;
  lastDurationMs: number | null;
  deliveredAt: Date | null;
  createdAt: Date;
};

/** More endpoints than these a hub does not have: each event is matched with all of them. */
export const maxEndpoints = 100;

/** How long the secret before a rotation goes on signing. */
export const secretOverlapHours = 24;

/** An endpoint at which every attempt has failed for this long is disabled. */
export const failingDays = 3;
