import { createHash, timingSafeEqual } from "node:crypto";
import { ICalCalendar, ICalEventStatus } from "ical-generator";
import { type FeedBooking, findCoachFeed, listFeedBookings } from "../../db/coach-feeds.ts";
import type { BookingStatus } from "../../domain/booking.ts";
import { uidOfBooking } from "../../domain/booking-uid.ts";
import type { Coach } from "../../domain/coach.ts";
import { notFound } from "../../domain/errors.ts";
import { calendarHorizonDays } from "../../domain/external-calendar.ts";
import type { App } from "../app.ts";
import { findCoachByRef } from "../references.ts";
import { feedKeyOf } from "./address.ts";

/** A feed as it is served; `etag` changes with every word of it. */
export type CoachCalendarFeed = { text: string; etag: string };

const daysBack = 30;
const maxBookings = 10_000;

/**
 * A coach's sessions in iCal format, for whoever has the key.
 * @throws DomainError `not_found`: no such coach, no feed, no key, another key — they all look the same
 */
export const readCoachFeed = async (
  app: App,
  { coachId: ref, key }: { coachId: string; key: string },
): Promise<CoachCalendarFeed> => {
  const coach = await findCoachByRef(app.sql, ref);
  const feed = coach && (await findCoachFeed(app.sql, coach.id));
  if (!coach || !feed || !isSame(key, await feedKeyOf(app.sql, feed))) throw notFound("calendar");
  const bookings = await listFeedBookings(app.sql, coach.id, {
    daysBack,
    daysAhead: calendarHorizonDays,
    limit: maxBookings,
  });
  const text = writeFeed(coach, bookings, new URL(app.publicUrl()).hostname);
  return { text, etag: `"${createHash("sha256").update(text).digest("base64url").slice(0, 27)}"` };
};

const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();

/** Takes as long for a key that is nearly right as for any other. */
const isSame = (given: string, key: string): boolean => timingSafeEqual(digest(given), digest(key));

const statuses: Record<BookingStatus, ICalEventStatus> = {
  pending: ICalEventStatus.TENTATIVE,
  accepted: ICalEventStatus.CONFIRMED,
  declined: ICalEventStatus.CANCELLED,
  cancelled: ICalEventStatus.CANCELLED,
  expired: ICalEventStatus.CANCELLED,
};

/** @param host stands in the ids of events, which are those of the invitations that are mailed */
const writeFeed = (coach: Coach, bookings: readonly FeedBooking[], host: string): string => {
  const calendar = new ICalCalendar({
    prodId: { company: "Courtside", product: "Sessions" },
    name: `${coach.name} — Courtside`,
    ttl: refreshSeconds,
  });
  for (const booking of bookings) {
    calendar.createEvent({
      id: uidOfBooking(booking.id, host),
      sequence: booking.version - 1,
      // Of the booking's last change and not of this moment, so that a feed that says the same is the same.
      stamp: booking.updatedAt,
      created: booking.createdAt,
      lastModified: booking.updatedAt,
      start: booking.startsAt,
      end: booking.endsAt,
      summary: booking.title ?? booking.clientName,
      status: statuses[booking.status],
    });
  }
  return calendar.toString();
};

const refreshSeconds = 15 * 60;
