import { escapeMarkdown } from "./markdown.ts";
import type { LeaveReason, SummaryFigures, SummaryParticipant, SummaryWords } from "./room.ts";
import { type SummaryFacts, countSummary, endOf, maxNamed, sides } from "./summary.ts";
import { shorten, toLine } from "./text.ts";
import { minutesBetween } from "./time.ts";

/** A sentence: the hub's own words, and what people wrote, which is never mixed into them unmarked. */
type Sentence = readonly (string | Said)[];
type Said = { said: string; as: "name" | "reason" };

/** Sentences of one thought; those about people are told as a list where there is a way to. */
type Paragraph = { sentences: Sentence[]; list: boolean };

const maxSaid = { name: 80, reason: 500 } as const;

/** Above what a model wrote, wherever people read it. */
const modelNote = "Written by a model from the chat and the notes; it may be wrong.";

/**
 * Puts the facts of a session into plain English sentences, times in UTC. Pure: the same facts give the same words.
 * @param modelText what a model made of chat and notes: lines of plain text
 */
export const describeSummary = (facts: SummaryFacts, modelText: string | null): SummaryWords => {
  const paragraphs = tell(facts, countSummary(facts));
  const own = paragraphs.flatMap(({ sentences }) => sentences.map(toPlain)).join(" ");
  const blocks = paragraphs.map(toMarkdown);
  if (modelText === null) return { text: own, markdown: page(blocks), modelText };
  const lines = modelText.split("\n").filter((line) => toLine(line) !== "");
  return {
    text: [own, modelNote, ...lines.map(toLine)].join("\n\n"),
    markdown: page([
      ...blocks,
      "## From the chat and the notes",
      `*${modelNote}*`,
      ...lines.map(escapeMarkdown),
    ]),
    modelText,
  };
};

const page = (blocks: readonly string[]): string => ["## Session summary", ...blocks].join("\n\n");

const toPlain = (sentence: Sentence): string =>
  sentence.map((part) => (typeof part === "string" ? part : cut(part))).join("");

const toMarkdown = ({ sentences, list }: Paragraph): string => {
  const texts = sentences.map((sentence) =>
    sentence
      .map((part) => {
        if (typeof part === "string") return part;
        return part.as === "name" ? `**${escapeMarkdown(cut(part))}**` : escapeMarkdown(cut(part));
      })
      .join(""),
  );
  return list ? texts.map((text) => `- ${text}`).join("\n") : texts.join(" ");
};

const cut = ({ said, as }: Said): string => shorten(toLine(said) || "Somebody", maxSaid[as]);

const tell = (facts: SummaryFacts, figures: SummaryFigures): Paragraph[] => {
  const { participants, attendeeCount } = figures;
  const people = participants.slice(0, maxNamed).map((person) => presence(person, facts));
  const more = attendeeCount - people.length;
  if (more > 0) people.push([`${more} more ${more === 1 ? "person" : "people"} came.`]);
  return [
    { sentences: [...course(facts, figures), ...outcome(facts, figures)], list: false },
    { sentences: people, list: true },
    { sentences: together(facts, figures), list: false },
  ].filter(({ sentences }) => sentences.length > 0);
};

/** When it was to be, and when it was. */
const course = (facts: SummaryFacts, figures: SummaryFigures): Sentence[] => {
  const { session, heldIn } = facts;
  const [from, until] = [session.startsAt, session.endsAt];
  const end = dayOf(from) === dayOf(until) ? timeOf(until) : `${dayOf(until)}, ${timeOf(until)}`;
  const text: Sentence[] = [[`The session was planned for ${dayOf(from)}, ${timeOf(from)} to ${end} UTC.`]];
  const elsewhere = heldIn !== "room" && figures.outcome === "completed";
  if (elsewhere)
    text.push([heldIn === "url" ? "It was held online, outside of its room." : "It was held in person."]);
  if (session.startedAt) {
    const started = punctual(minutesBetween(from, session.startedAt));
    const ended = punctual(minutesBetween(until, endOf(session)));
    const length = `${about(figures.durationMinutes)} of the ${figures.scheduledMinutes} planned`;
    text.push([`It started ${started}, lasted ${length} and ended ${ended}.`]);
  } else if (figures.outcome !== "completed") {
    text.push(["It did not start."]);
  } else if (!elsewhere) {
    text.push(["It counts as completed, though it was not started in its room."]);
  }
  return text;
};

/** What became of it, by whom, and why. */
const outcome = (facts: SummaryFacts, figures: SummaryFigures): Sentence[] => {
  const { outcome } = figures;
  const { session, closedBy, correction } = facts;
  const text: Sentence[] = [];
  const side = sides.find((one) => one === closedBy);
  if (outcome === "cancelled") {
    text.push([
      side ? `The ${side} cancelled it while it was running.` : "It was cancelled while it was running.",
    ]);
  } else if (outcome === "no_show") {
    text.push([`It counts as a no-show: ${noShow(figures)}.`]);
  }
  if (outcome !== "cancelled" && session.startedAt) {
    if (side) text.push([`The ${side} ended it.`]);
    if (closedBy === "key") text.push(["It was ended from outside of the room."]);
    if (closedBy === "system") text.push([`It ended by itself${endings[session.endReason ?? ""] ?? ""}.`]);
  }
  // What the hub itself ends a session for is no reason that somebody gave.
  if (closedBy !== "system") text.push(...given(session.endReason));
  if (correction) {
    const by = sides.find((one) => one === correction.by);
    text.push([by ? `The outcome was corrected by the ${by}.` : "The outcome was corrected."]);
    text.push(...given(correction.reason));
  }
  return text;
};

/** What somebody gave as a reason, if they did. */
const given = (reason: string | null): Sentence[] =>
  toLine(reason ?? "") === "" ? [] : [["Reason given: “", { said: reason ?? "", as: "reason" }, "”."]];

/** What the hub itself ends a session for. */
const endings: Partial<Record<string, string>> = {
  empty_room: ", as its room was empty",
  overrun: ", as it had run over for as long as it may",
  time_over: ", as its time was over",
};

/** Of both, nobody who was in the room at all is said to have been absent: they missed one another. */
const noShow = ({ absent, participants }: SummaryFigures): string => {
  const [first, second] = absent;
  if (first && !second) return `the ${first} was absent`;
  return participants.some(({ role }) => sides.some((side) => side === role))
    ? "coach and client were not there together for long enough"
    : "coach and client were absent";
};

const presence = (person: SummaryParticipant, { visits, heldIn }: SummaryFacts): Sentence => {
  const late = person.lateMinutes > 0 ? `${minutes(person.lateMinutes)} late` : "on time";
  const isSide = sides.some((side) => side === person.role) && heldIn === "room";
  const last = lastLeave(person, visits);
  const clauses = [
    `came ${isSide ? `${late} ` : ""}at ${timeOf(person.firstJoinedAt)}`,
    `was there for ${about(person.minutesPresent)}${person.visits > 1 ? ` in ${person.visits} visits` : ""}`,
    ...(person.drops > 0 ? [dropped(person.drops, last === "lost")] : []),
    ...(last === "removed" ? ["was removed from the room"] : []),
    ...(person.messages > 0 ? [`wrote ${count(person.messages, "message")}`] : []),
  ];
  return [{ said: person.name, as: "name" }, ` (${person.role}) ${enumerate(clauses)}.`];
};

/** How the last visit of somebody ended; null for one who was there until the end of the log. */
const lastLeave = ({ participantId, lastLeftAt }: SummaryParticipant, visits: SummaryFacts["visits"]) => {
  const reasons = visits
    .filter((visit) => visit.participantId === participantId && visit.leftAt !== null)
    .filter((visit) => visit.leftAt?.getTime() === lastLeftAt?.getTime())
    .map((visit): LeaveReason | null => visit.leftReason);
  return (["removed", "closed", "left", "lost"] as const).find((reason) => reasons.includes(reason)) ?? null;
};

const dropped = (drops: number, forGood: boolean): string => {
  if (drops === 1)
    return forGood ? "lost the connection and did not come back" : "lost the connection once and came back";
  const times = drops === 2 ? "twice" : `${drops} times`;
  return `lost the connection ${times} and ${forGood ? "did not come back from the last" : "came back each time"}`;
};

/** Coach and client side by side, and what was said. */
const together = (facts: SummaryFacts, figures: SummaryFigures): Sentence[] => {
  const { participants, absent, messageCount } = figures;
  const text: Sentence[] = [];
  if (sides.every((side) => participants.some(({ role }) => role === side)))
    text.push([`Coach and client were there together for ${about(figures.togetherMinutes)}.`]);
  if (participants.length === 0) {
    if (facts.heldIn === "room") text.push(["Nobody joined the room."]);
  } else if (figures.outcome !== "no_show") {
    for (const side of absent) text.push([`The ${side} did not come.`]);
  }
  if (messageCount > 0)
    text.push([`${count(messageCount, "message")} ${messageCount === 1 ? "was" : "were"} sent.`]);
  else if (facts.heldIn === "room" || participants.length > 0) text.push(["No messages were sent."]);
  return text;
};

const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

const dayOf = (at: Date): string =>
  `${at.getUTCDate()} ${months[at.getUTCMonth()] ?? ""} ${at.getUTCFullYear()}`;

const timeOf = (at: Date): string => at.toISOString().slice(11, 16);

/** How far from a planned time something was, in words. */
const punctual = (late: number): string => {
  const whole = Math.round(late);
  if (whole === 0) return "on time";
  return whole > 0 ? `${minutes(whole)} late` : `${minutes(-whole)} early`;
};

const enumerate = (clauses: readonly string[]): string => {
  const last = clauses.at(-1) ?? "";
  if (clauses.length < 3) return clauses.join(" and ");
  return `${clauses.slice(0, -1).join(", ")}, and ${last}`;
};

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
const minutes = (n: number): string => count(n, "minute");
const about = (n: number): string => (n === 0 ? "less than a minute" : minutes(n));
