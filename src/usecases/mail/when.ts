type Stretch = { startsAt: Date; endsAt: Date };

const dayOf = (timeZone: string, at: Date): string => {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
  });
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${part["weekday"]}, ${part["day"]} ${part["month"]} ${part["year"]}`;
};

const timeOf = (timeZone: string, at: Date): string =>
  new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(at);

/** How far the clocks of a zone are from Greenwich at an instant, such as `GMT+1`. */
const offsetOf = (timeZone: string, at: Date): string =>
  new Intl.DateTimeFormat("en-GB", { timeZone, timeZoneName: "shortOffset" })
    .formatToParts(at)
    .find(({ type }) => type === "timeZoneName")?.value ?? "GMT";

/** The clocks that a time is on: the zone, and its offset then; both where they change meanwhile. */
const clocksOf = (timeZone: string, { startsAt, endsAt }: Stretch): string => {
  const [from, to] = [offsetOf(timeZone, startsAt), offsetOf(timeZone, endsAt)];
  return `${timeZone}, ${from === to ? from : `${from} to ${to}`}`;
};

/** `Monday, 7 January 2030, 10:00–10:30 (Europe/Berlin, GMT+1)`, on the clocks of a zone as they run on that day. */
export const formatStretch = (timeZone: string, stretch: Stretch): string => {
  const [day, lastDay] = [dayOf(timeZone, stretch.startsAt), dayOf(timeZone, stretch.endsAt)];
  const until = `${lastDay === day ? "–" : ` – ${lastDay}, `}${timeOf(timeZone, stretch.endsAt)}`;
  return `${day}, ${timeOf(timeZone, stretch.startsAt)}${until} (${clocksOf(timeZone, stretch)})`;
};

/** `Monday, 7 January 2030, 10:00 (Europe/Berlin, GMT+1)` */
export const formatInstant = (timeZone: string, at: Date): string =>
  `${dayOf(timeZone, at)}, ${timeOf(timeZone, at)} (${clocksOf(timeZone, { startsAt: at, endsAt: at })})`;

/** For a subject: `Mon 7 Jan 2030, 10:00 (GMT+1)`. */
export const formatShort = (timeZone: string, at: Date): string => {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
  });
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const day = `${part["weekday"]} ${part["day"]} ${part["month"]} ${part["year"]}`;
  return `${day}, ${timeOf(timeZone, at)} (${offsetOf(timeZone, at)})`;
};
