/** What a mail says, in words: its text and its HTML are both made from this. */
export type Letter = {
  subject: string;
  heading: string;
  /** The first is also what mail programs show beside the subject. */
  paragraphs: [string, ...string[]];
  details: readonly Detail[];
  /** What somebody else wrote, and who. */
  quote?: { by: string; text: string } | undefined;
  action?: { label: string; url: string } | undefined;
  closing?: string | undefined;
};

export type Detail = { label: string; value: string; url?: string | undefined };

/** Where a session is held, as its reader gets there. */
export type Place =
  | { kind: "room"; url: string }
  | { kind: "url"; url: string }
  | { kind: "in_person"; address: string | null };

/** What a template is told: all of it for one reader, times already on their clocks. */
export type Occasion = {
  role: "coach" | "client";
  /** The other one's name. */
  other: string;
  /** What the session is called. */
  title: string;
  when: string;
  /** The same for a subject. */
  shortly: string;
  /** When it was to be before it was moved. */
  before: string | null;
  /** Null while there is no session to come to. */
  place: Place | null;
  /** What whoever declined or cancelled wrote. */
  reason: string | null;
  /** Until when the coach may answer. */
  answerBy: string | null;
  /** Of a no-show: who did not come; null where they missed one another. */
  absent: "you" | "other" | "both" | null;
  /** True when the booking had been accepted. */
  wasBooked: boolean;
};

export type Template = (occasion: Occasion) => Letter;

/** The rows that every mail has: what, with whom, when, and where once that is settled. */
export const detailsOf = ({ role, other, title, when, place }: Occasion): Detail[] => [
  { label: "What", value: title },
  { label: role === "coach" ? "Client" : "Coach", value: other },
  { label: "When", value: when },
  ...placeDetail(place),
];

const placeDetail = (place: Place | null): Detail[] => {
  if (!place) return [];
  if (place.kind === "room") return [{ label: "Where", value: "Online, by your own link" }];
  if (place.kind === "url") return [{ label: "Where", value: place.url, url: place.url }];
  return place.address === null ? [] : [{ label: "Where", value: place.address }];
};

/** The way in, where there is one. */
export const joinAction = ({ place }: Occasion): Letter["action"] =>
  place && place.kind !== "in_person" ? { label: "Join the session", url: place.url } : undefined;

/** What to know of a link of one's own. */
export const linkNote = ({ place }: Occasion): string | undefined =>
  place?.kind === "room"
    ? "The link is yours alone: please do not pass it on. It stops working if the session is moved or cancelled."
    : undefined;

/** What somebody wrote, as a quotation. */
export const quoteOf = ({ reason }: Occasion, by: string): Letter["quote"] =>
  reason === null ? undefined : { by, text: reason };
