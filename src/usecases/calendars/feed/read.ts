import { bookingOfUid } from "../../../domain/booking-uid.ts";
import { calendarHorizonDays } from "../../../domain/external-calendar.ts";
import { TooMuchWork, type Work, withPart } from "../../../domain/recurrence.ts";
import { type Stretch, timelineOf } from "../../../domain/timeline.ts";
import { instantInZone } from "../../../domain/zone.ts";
import { type FeedWindow, boundedClock, clocksOf } from "./clocks.ts";
import { type FeedEvent, type Reader, eventOf, periodOf, uidOf } from "./event.ts";
import { stretchesOf, within } from "./occurrences.ts";
import { FeedError, type FeedPart, readParts } from "./parts.ts";
import { UnreadablePart, paramOf, propertiesOf } from "./values.ts";

/** A stretch of time that a feed says is busy, in milliseconds, and which of its events said so first. */
export type BusyStretch = Stretch & { uid: string };

/** What a feed says. */
export type FeedReading = {
  /** In order. Those that start and end together are one. */
  busy: BusyStretch[];
  /** How many of its events make no sense or ask for too much, and were passed over. */
  skipped: number;
  /** Their UIDs, as far as they have any. */
  skippedUids: string[];
};

export type FeedOptions = {
  /** In milliseconds; what is over by then is left out. */
  now: number;
  /** The coach's: for whole days, and for times without a zone. */
  timeZone: string;
  /**
   * The coach's bookings, by id. Their invitations come back from the coach's calendar and count for nothing there: the
   * hub knows better when they are, and one that is moved would stand in its own way.
   */
  ownBookings?: readonly string[];
  horizonDays?: number;
};

/**
 * What the repeating events of a feed may take together, and those of one UID; in steps as `Work` counts them. Enough
 * for one that repeats every hour of a year, and for five thousand that repeat twice a week.
 */
const feedSteps = 20_000_000;
const eventSteps = 300_000;

/** Past this, stretches that overlap or touch are put together; a feed that has more even so is refused. */
const maxStretches = 20_000;

const dayMs = 24 * 60 * 60_000;

/**
 * Reads a feed. Five megabytes can take seconds: for whoever serves others there is `createFeedReader`. What its events
 * may ask for is bounded, whatever they say; one that makes no sense, or asks for too much, is passed over.
 * @throws FeedError in words, for a feed that is none, asks for too much in all, or has nothing but what is passed over
 */
export const readFeed = (text: string, options: FeedOptions): FeedReading => {
  const { now, timeZone, ownBookings = [], horizonDays = calendarHorizonDays } = options;
  const own = new Set(ownBookings);
  const window: FeedWindow = { from: now, to: now + horizonDays * dayMs };
  const work: Work = { left: feedSteps };
  const ownClock = boundedClock((wall) => instantInZone(timeZone, wall), work);
  const found = new Map<string, BusyStretch>();
  const skippedUids = new Set<string>();
  let skipped = 0;
  /** What was read to its end, whether it keeps anybody busy or not. */
  let understood = 0;

  const attempt = (uid: string, run: (part: Work) => void): void => {
    try {
      withPart(work, eventSteps, run);
    } catch (error) {
      if (!(error instanceof UnreadablePart || error instanceof TooMuchWork)) throw error;
      skipped += 1;
      skippedUids.add(uid);
    }
    if (work.left <= 0) throw new FeedError("The calendar's repeating events ask for too much work.");
  };
  const keep = (uid: string, stretches: readonly Stretch[]): void => {
    for (const { start, end } of stretches) {
      const key = `${start} ${end}`;
      if (!found.has(key)) found.set(key, { start, end, uid });
    }
  };

  const calendars = readParts(text);
  const groups = new Map<string, FeedEvent[]>();
  for (const calendar of calendars) {
    const reader: Reader = { clocks: clocksOf(calendar, { window, work }), ownClock };
    for (const part of calendar.parts) {
      if (part.name === "VEVENT") {
        const uid = uidOf(part.lines);
        if (own.has(bookingOfUid(uid) ?? "")) understood += 1;
        else attempt(uid, () => addTo(groups, eventOf(part, reader)));
      }
      if (part.name === "VFREEBUSY") {
        attempt(uidOfFreeBusy, (share) => {
          keep(uidOfFreeBusy, freeBusyOf(part, { reader, search: { window, work: share } }));
          understood += 1;
        });
      }
    }
  }
  for (const events of groups.values()) {
    const uid = events[0]?.uid ?? "";
    attempt(uid, (share) => {
      keep(uid, stretchesOf(events, { window, work: share }));
      understood += 1;
    });
  }
  if (skipped > 0 && understood === 0) throw new FeedError("None of the calendar's events could be read.");
  skippedUids.delete("");
  return { busy: bounded([...found.values()]), skipped, skippedUids: [...skippedUids] };
};

const uidOfFreeBusy = "freebusy";

/** Events of one UID belong together; one without stands for itself. */
const addTo = (groups: Map<string, FeedEvent[]>, event: FeedEvent | null): void => {
  if (!event) return;
  const key = event.uid === "" ? `no uid ${groups.size}` : `uid ${event.uid}`;
  const group = groups.get(key);
  if (group) group.push(event);
  else groups.set(key, [event]);
};

type FreeBusyReading = { reader: Reader; search: { window: FeedWindow; work: Work } };

const freeBusyOf = ({ lines }: FeedPart, { reader, search }: FreeBusyReading): Stretch[] =>
  propertiesOf(lines, "FREEBUSY")
    .filter(({ params }) => paramOf(params, "fbtype") !== "FREE")
    .flatMap(({ params, values }) => values.map((value) => periodOf(value, params, reader)))
    .flatMap(({ start, extent }) => within(search, start, extent));

/** @throws FeedError when they are too many even where those that overlap are one */
const bounded = (stretches: BusyStretch[]): BusyStretch[] => {
  const inOrder = stretches.sort((a, b) => a.start - b.start || a.end - b.end);
  if (inOrder.length <= maxStretches) return inOrder;
  const { starts, ends } = timelineOf(inOrder);
  if (starts.length > maxStretches)
    throw new FeedError(`The calendar has more than ${maxStretches} busy times in the year ahead.`);
  return starts.map((start, index) => ({ start, end: ends[index] ?? start, uid: "several" }));
};
