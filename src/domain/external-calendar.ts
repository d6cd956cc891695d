/** A calendar elsewhere that was not read for this long no longer says when its coach is busy. */
export const calendarStaleMinutes = 60;

/** How far ahead a calendar elsewhere is read. */
export const calendarHorizonDays = 366;

/** How often a calendar elsewhere is read, give or take a twentieth. */
export const calendarSyncMinutes = 10;

/** How many calendars elsewhere a coach may have. */
export const maxCalendars = 10;

/** A coach's calendar elsewhere, and how reading it goes. */
export type ExternalCalendar = {
  id: string;
  coachId: string;
  /** Whoever has it can read the calendar: shown only to those who may manage it, and never logged. */
  url: string;
  /** When its busy periods were true last; null before they ever were. */
  syncedAt: Date | null;
  attemptedAt: Date | null;
  nextSyncAt: Date;
  /**
   * Why the last attempt failed, in words; the busy periods are then those of the last one that worked. After one that
   * worked, how many events could not be read, if any.
   */
  lastError: string | null;
  /** Events that could not be read; what was known of their time is kept. */
  skippedEvents: number;
  /** True when it has not been read for {@link calendarStaleMinutes}. */
  stale: boolean;
  busyPeriodCount: number;
  version: number;
  createdAt: Date;
  updatedAt: Date;
};

/** A calendar's URL for those who may know that it is there: whose it is, and nothing that opens it. */
export const maskedUrl = (url: string): string => `${new URL(url).origin}/…`;
