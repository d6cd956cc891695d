/** Why what came from a calendar's address cannot be read, in words for whoever subscribed to it. */
export class FeedError extends Error {
  constructor(words: string) {
    super(words);
    this.name = "FeedError";
  }
}

/** A component of a calendar with the lines that say when somebody is busy, unfolded; the others are left out. */
export type FeedPart = { name: string; lines: string[]; parts: FeedPart[] };

const partNames = new Set(["VCALENDAR", "VEVENT", "VFREEBUSY", "VTIMEZONE", "STANDARD", "DAYLIGHT"]);

/** Those that stand in a calendar and in nothing else, so that one begins where the last forgot to end. */
const topNames = new Set(["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE"]);

const propertyNames = new Set([
  "UID",
  "DTSTART",
  "DTEND",
  "DURATION",
  "RRULE",
  "RDATE",
  "EXDATE",
  "RECURRENCE-ID",
  "STATUS",
  "TRANSP",
  "X-MICROSOFT-CDO-BUSYSTATUS",
  "FREEBUSY",
  "TZID",
  "X-LIC-LOCATION",
  "TZOFFSETFROM",
  "TZOFFSETTO",
]);

const maxDepth = 16;

/**
 * Takes a feed apart. Only what matters is kept, which makes large feeds cheap, and a description that is folded or
 * escaped wrongly harmless. Lines that were folded without the space, or broken in the middle, are put together where
 * the rest of them cannot be taken for a line of its own.
 * @returns the calendars of the feed
 * @throws FeedError
 */
export const readParts = (text: string): FeedPart[] => {
  const root: FeedPart = { name: "", lines: [], parts: [] };
  /** The open components, the innermost last; null for one that is left out. */
  const open: { name: string; part: FeedPart | null }[] = [];
  /** Where the line before went, for the rest of it. */
  let target: string[] | null = null;

  const begin = (name: string): void => {
    const calendarDepth = open.findIndex((one) => one.name === "VCALENDAR") + 1;
    if (name === "VCALENDAR") open.length = 0;
    else if (topNames.has(name)) open.length = calendarDepth;
    const parent = open.length === 0 ? root : open.at(-1)?.part;
    const part =
      parent && partNames.has(name) && (open.length > 0 || name === "VCALENDAR")
        ? { name, lines: [], parts: [] }
        : null;
    if (part) parent?.parts.push(part);
    open.push({ name, part });
    if (open.length > maxDepth) throw new FeedError("The calendar is nested too deeply.");
  };
  const end = (name: string): void => {
    const depth = open.findLastIndex((one) => one.name === name);
    if (depth >= 0) open.length = depth;
  };

  for (const line of unfolded(text)) {
    const name = /^[A-Za-z0-9-]+(?=[;:])/.exec(line)?.[0].toUpperCase();
    if (name === undefined) {
      const last = target?.length ?? 0;
      if (target && last > 0) target[last - 1] += line;
      continue;
    }
    target = null;
    if (name === "BEGIN") begin(valueOf(line).toUpperCase());
    else if (name === "END") end(valueOf(line).toUpperCase());
    else if (propertyNames.has(name)) {
      target = open.at(-1)?.part?.lines ?? null;
      target?.push(line);
    }
  }
  if (root.parts.length === 0) throw new FeedError(noCalendar(text));
  if (open.length > 0) throw new FeedError("The calendar breaks off before its end.");
  return root.parts;
};

/** The lines of a feed, those that were folded as one. Blank ones, and however many line ends stand together, are none. */
function* unfolded(text: string): Generator<string> {
  let whole = "";
  for (const line of text.replace(/^\uFEFF/, "").split(/[\r\n]+/)) {
    if (line.startsWith(" ") || line.startsWith("\t")) {
      whole += line.slice(1);
    } else {
      if (whole !== "") yield whole;
      whole = line;
    }
  }
  if (whole !== "") yield whole;
}

const valueOf = (line: string): string => line.slice(line.indexOf(":") + 1).trim();

const noCalendar = (text: string): string => {
  if (text.trim() === "") return "The answer was empty.";
  return /<(?:!doctype\s+html|html|head|body)\b/i.test(text.slice(0, 10_000))
    ? "A web page came instead of a calendar. The address may ask for a sign-in: use the calendar's secret or public address in iCal format."
    : "What came is not a calendar in iCal format.";
};
