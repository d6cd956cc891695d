import {
  ICalAttendeeRole,
  ICalAttendeeStatus,
  ICalAttendeeType,
  ICalCalendarMethod,
  ICalEventStatus,
  ICalCalendar,
} from "ical-generator";
import type { MailFacts } from "../../db/mails.ts";
import { uidOfBooking } from "../../domain/booking-uid.ts";
import type { Place } from "./templates/letter.ts";

type Person = { name: string; email: string };

export type Invite = {
  method: "REQUEST" | "CANCEL";
  facts: MailFacts;
  /** Where the hub is reached; names the hub in ids. */
  host: string;
  title: string;
  organizer: Person;
  attendee: Person;
  other: string;
  place: Place | null;
};

/**
 * The appointment as a calendar takes it (RFC 5546): one id for a booking, and a sequence that grows with each change of
 * it, so that a calendar that gets them out of order keeps the newest. Times are in UTC, which every calendar shows on
 * its owner's clocks.
 */
export const writeInvite = ({
  method,
  facts,
  host,
  title,
  organizer,
  attendee,
  other,
  place,
}: Invite): string => {
  const cancelled = method === "CANCEL";
  const calendar = new ICalCalendar({
    prodId: { company: "Courtside", product: "Courtside", language: "EN" },
    method: cancelled ? ICalCalendarMethod.CANCEL : ICalCalendarMethod.REQUEST,
  });
  const where = place === null ? null : place.kind === "in_person" ? place.address : place.url;
  const link = place === null || place.kind === "in_person" ? null : place.url;
  const description = [`With ${other}.`, ...(link === null ? [] : [`Join: ${link}`])].join("\n");
  calendar.createEvent({
    id: uidOfBooking(facts.bookingId, host),
    sequence: facts.bookingVersion - 1,
    stamp: facts.now,
    start: facts.startsAt,
    end: facts.endsAt,
    summary: `${title} with ${other}`,
    description,
    location: where,
    url: link,
    status: cancelled ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
    organizer: { name: asParameter(organizer.name), email: organizer.email },
    attendees: [
      {
        name: asParameter(attendee.name),
        email: attendee.email,
        type: ICalAttendeeType.INDIVIDUAL,
        role: ICalAttendeeRole.REQ,
        // They have agreed by booking; nobody reads an answer.
        status: ICalAttendeeStatus.ACCEPTED,
        rsvp: false,
      },
    ],
  });
  // The last line ends like every other.
  return `${calendar.toString().trimEnd()}\r\n`;
};

/** A parameter is quoted, and knows no way to hold a quotation mark (RFC 5545, 3.2). */
const asParameter = (name: string): string => name.replaceAll('"', "'");

/** `Courtside <bookings@example.com>` as its parts. */
export const parseSender = (from: string): Person => {
  const [, name = "", email = from] = /^\s*(.*?)\s*<([^<>]+)>\s*$/.exec(from) ?? [];
  const bare = name.replaceAll(/^"|"$/g, "");
  return { name: bare === "" ? email : bare, email: email.trim() };
};
