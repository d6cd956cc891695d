/** Lines of a calendar as RFC 5545 ends them. */
export const lines = (...text: readonly string[]): string => `${text.join("\r\n")}\r\n`;

/** A calendar of these components. */
export const calendar = (...parts: readonly string[]): string =>
  lines("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tests//EN") + parts.join("") + lines("END:VCALENDAR");

/** An event of these lines; one that names no UID gets this one. */
export const event = (...text: readonly string[]): string =>
  lines(
    "BEGIN:VEVENT",
    ...(text.some((line) => line.startsWith("UID")) ? [] : ["UID:one"]),
    ...text,
    "END:VEVENT",
  );

/** The definition that Outlook sends for Berlin, under Windows' name or any other. */
export const outlookZone = (zoneId: string): string =>
  lines(
    "BEGIN:VTIMEZONE",
    `TZID:${zoneId}`,
    "BEGIN:STANDARD",
    "DTSTART:16010101T030000",
    "TZOFFSETFROM:+0200",
    "TZOFFSETTO:+0100",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10",
    "END:STANDARD",
    "BEGIN:DAYLIGHT",
    "DTSTART:16010101T020000",
    "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0200",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3",
    "END:DAYLIGHT",
    "END:VTIMEZONE",
  );

/** So many events of an hour, one a quarter of an hour, each with what calendars of the world carry around. */
export const manyEvents = (count: number, from: Date): string => {
  const text = (at: Date): string => at.toISOString().replaceAll(/[-:]|\.000/g, "");
  return calendar(
    ...Array.from({ length: count }, (_, index) => {
      const start = new Date(from.getTime() + index * 15 * 60_000);
      return event(
        `UID:event-${index}@example.com`,
        `DTSTAMP:${text(from)}`,
        `DTSTART:${text(start)}`,
        `DTEND:${text(new Date(start.getTime() + 3_600_000))}`,
        `SUMMARY:Meeting number ${index}`,
        `DESCRIPTION:${"Words that nobody needs to know when somebody is busy. ".repeat(6)}`,
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "TRIGGER:-PT10M",
        "DURATION:PT5M",
        "END:VALARM",
      );
    }),
  );
};
