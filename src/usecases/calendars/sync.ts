import { replaceBusyPeriods } from "../../db/busy-periods.ts";
import { listBookingIds } from "../../db/bookings.ts";
import {
  type SyncAttempt,
  beginSync,
  updateSyncFailed,
  updateSyncUnchanged,
  updateSynced,
} from "../../db/calendars.ts";
import { lockNames } from "../../db/locks.ts";
import type { App } from "../app.ts";
import { laneOfCoach } from "../lanes/job.ts";
import { transact } from "../transaction.ts";
import { FeedError } from "./feed/parts.ts";
import type { FeedReading } from "./feed/read.ts";
import { fetchFeed } from "./fetch-feed.ts";

/** What came of an attempt. */
export type SyncOutcome = "read" | "unchanged" | "failed" | "gone";

/**
 * Reads a coach's calendar elsewhere and replaces the busy periods that it says. One that cannot be read keeps those of
 * the last time, says why, and is tried again when it is due next; so only what is wrong here is thrown. So does an event
 * that cannot be read, beside others that can. Idempotent on the calendar, and safe to run several times at once: the attempt that began last counts.
 * @throws what the database throws
 */
export const syncCalendar = async (
  app: App,
  { calendarId, requestId }: { calendarId: string; requestId: string },
): Promise<SyncOutcome> => {
  const attempt = await beginSync(app.sql, calendarId);
  if (!attempt) return "gone";
  const found = await find(app, attempt);
  if ("words" in found) {
    await updateSyncFailed(app.sql, attempt, found.words);
    return "failed";
  }
  if (found.kind === "unchanged") {
    await updateSyncUnchanged(app.sql, attempt, skippedWords(attempt.skippedEvents));
    return "unchanged";
  }
  const { etag, lastModified, reading } = found;
  const { busy, skipped, skippedUids } = reading;
  const findings = { etag, lastModified, skippedEvents: skipped, lastError: skippedWords(skipped) };
  // Under the lock of the coach's lane and not as a part of its batch: those gather what waits for many coaches, who
  // would all wait for the rows of one large calendar.
  await transact(app, { requestId }, async ({ sql }) => {
    await lockNames(sql, [laneOfCoach(attempt.coachId)]);
    const counts = await updateSynced(sql, attempt, findings);
    if (counts) await replaceBusyPeriods(sql, attempt, { periods: busy, keptUids: skippedUids });
  });
  return "read";
};

/** Longer ago than anybody's invitation is left at a time that is still to come. */
const daysBack = 30;

const skippedWords = (count: number): string | null => {
  if (count === 0) return null;
  return `${count === 1 ? "1 event" : `${count} events`} of the calendar could not be read.`;
};

type Found =
  | { kind: "unchanged" }
  | { kind: "feed"; etag: string | null; lastModified: string | null; reading: FeedReading }
  | { words: string };

/** Fetches and reads, with nothing locked and no transaction open. */
const find = async (app: App, attempt: SyncAttempt): Promise<Found> => {
  try {
    const answer = await fetchFeed(app, attempt);
    if (answer.kind === "unchanged") return answer;
    const { text, etag, lastModified } = answer;
    const { coachId, timeZone, now } = attempt;
    // Asked for after the feed, so that whatever stands in it is there.
    const ownBookings = await listBookingIds(app.sql, { coachId, daysBack });
    const reading = await app.feeds.read(text, { now: now.getTime(), timeZone, ownBookings });
    return { kind: "feed", etag, lastModified, reading };
  } catch (error) {
    if (error instanceof FeedError) return { words: error.message };
    // By the calendar's id alone: its address is a secret.
    app.log.error({ err: error, calendarId: attempt.calendarId }, "a calendar could not be read");
    return { words: "The calendar could not be read." };
  }
};
