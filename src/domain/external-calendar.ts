/** A calendar elsewhere that was not read for this long no longer says when its coach is busy. */
export const calendarStaleMinutes = 60;

/** How far ahead a calendar elsewhere is read. */
export const calendarHorizonDays = 366;
