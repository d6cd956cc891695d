import type { Actor, ParticipantRole } from "./principal.ts";
import type { Side, Summary, SummaryFigures, SummaryParticipant, SummaryWords, Visit } from "./room.ts";
import type { SessionLocation } from "./session-type.ts";
import type { Session, SessionStatus } from "./session.ts";
import { minutesBetween } from "./time.ts";

/** What a summary is made from: a closed session, and what is known of its room. */
export type SummaryFacts = {
  session: Session;
  /** Every visit to the room, in any order. */
  visits: readonly Visit[];
  /** How many messages each person sent, by their participant id. */
  messages: ReadonlyMap<string, number>;
  /** Who closed the session; null where its log does not say. */
  closedBy: Actor["type"] | null;
  /** Who corrected the outcome last, and why; null where nobody did. */
  correction: { by: Actor["type"]; reason: string } | null;
  /** Where it was held: of one that was held elsewhere, the room cannot know who came. */
  heldIn: SessionLocation["kind"];
};

export const sides: readonly Side[] = ["coach", "client"];

const roleOrder: readonly ParticipantRole[] = [...sides, "guest", "observer"];

/** A summary names this many people at most in its words and in the event of a room. */
export const maxNamed = 12;

/** True for a session that is summarised: it is closed, and was not cancelled before anything happened. */
export const hasSummary = (
  session: Pick<Session, "status" | "startedAt">,
): session is { status: SummaryFigures["outcome"]; startedAt: Date | null } =>
  isOutcome(session.status) && (session.startedAt !== null || session.status !== "cancelled");

const isOutcome = (status: SessionStatus): status is SummaryFigures["outcome"] =>
  status === "completed" || status === "cancelled" || status === "no_show";

/**
 * What can be counted of a session that has closed. Pure: the same facts give the same figures.
 * Overlapping visits of one person count once; a visit still open counts until the session's end.
 */
export const countSummary = (facts: SummaryFacts): SummaryFigures => {
  const { session } = facts;
  if (!isOutcome(session.status)) throw new Error("only a closed session has a summary");
  const endedAt = endOf(session);
  const { startedAt } = session;
  const participants = attendees(facts, endedAt);
  return {
    outcome: session.status,
    durationMinutes: startedAt ? wholeMinutes(startedAt, endedAt) : 0,
    scheduledMinutes: wholeMinutes(session.startsAt, session.endsAt),
    startedLateMinutes: startedAt ? wholeMinutes(session.startsAt, startedAt) : 0,
    togetherMinutes: Math.round(togetherMs(facts.visits, endedAt) / 60_000),
    absent: absentSides(facts, participants),
    participants,
    attendeeCount: participants.length,
    messageCount: facts.messages.values().reduce((sum, count) => sum + count, 0),
  };
};

/** A summary as it stands in the log of its room, which is kept small: of many people, the first ones. */
export const shortenSummary = (summary: Summary): Summary => ({
  ...summary,
  participants: summary.participants.slice(0, maxNamed),
});

/** Puts the parts of a summary together. */
export const toSummary = (
  { sessionId, generatedAt }: Pick<Summary, "sessionId" | "generatedAt">,
  figures: SummaryFigures,
  words: SummaryWords,
): Summary => ({ sessionId, generatedAt, ...figures, ...words });

export const endOf = (session: Session): Date => session.endedAt ?? session.endsAt;

/** Never negative. */
const wholeMinutes = (from: Date, to: Date): number => Math.max(0, Math.round(minutesBetween(from, to)));

const absentSides = (facts: SummaryFacts, people: readonly SummaryParticipant[]): Side[] => {
  const { absent } = facts.session;
  if (absent !== null) return absent === "both" ? [...sides] : [absent];
  if (facts.heldIn !== "room") return [];
  return sides.filter((side) => !people.some(({ role }) => role === side));
};

const attendees = (facts: SummaryFacts, endedAt: Date): SummaryParticipant[] => {
  const byPerson = Map.groupBy(inOrder(facts.visits), (visit) => visit.participantId);
  return [...byPerson.values()]
    .map((own) => attendee(own, facts, endedAt))
    .sort(
      (a, b) =>
        roleOrder.indexOf(a.role) - roleOrder.indexOf(b.role) ||
        a.firstJoinedAt.getTime() - b.firstJoinedAt.getTime() ||
        compare(a.participantId, b.participantId),
    );
};

/** In the order in which they began; of those that began together, in one that does not depend on how they came. */
const inOrder = (visits: readonly Visit[]): Visit[] =>
  visits.toSorted(
    (a, b) =>
      a.joinedAt.getTime() - b.joinedAt.getTime() ||
      (a.leftAt?.getTime() ?? Infinity) - (b.leftAt?.getTime() ?? Infinity) ||
      compare(a.participantId, b.participantId) ||
      roleOrder.indexOf(a.role) - roleOrder.indexOf(b.role) ||
      compare(a.name, b.name),
  );

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const attendee = (visits: readonly Visit[], facts: SummaryFacts, endedAt: Date): SummaryParticipant => {
  const [first] = visits;
  if (!first) throw new Error("an attendee has at least one visit");
  const presentMs = stretches(visits, endedAt).reduce((sum, { from, until }) => sum + until - from, 0);
  const stillThere = visits.some((visit) => visit.leftAt === null);
  const lastLeft = Math.max(...visits.map((visit) => visit.leftAt?.getTime() ?? 0));
  return {
    participantId: first.participantId,
    name: first.name,
    role: first.role,
    minutesPresent: Math.round(presentMs / 60_000),
    visits: visits.length,
    firstJoinedAt: first.joinedAt,
    lastLeftAt: stillThere ? null : new Date(lastLeft),
    lateMinutes: wholeMinutes(facts.session.startsAt, first.joinedAt),
    drops: visits.filter((visit) => visit.leftReason === "lost").length,
    messages: facts.messages.get(first.participantId) ?? 0,
  };
};

type Stretch = { from: number; until: number };

/** When somebody was there, as stretches apart from one another, in order. Nobody is there after the end. */
const stretches = (visits: readonly Visit[], endedAt: Date): Stretch[] => {
  const merged: Stretch[] = [];
  for (const visit of inOrder(visits)) {
    const from = visit.joinedAt.getTime();
    const until = Math.min((visit.leftAt ?? endedAt).getTime(), endedAt.getTime());
    const last = merged.at(-1);
    if (until <= from) continue;
    if (last && from <= last.until) last.until = Math.max(last.until, until);
    else merged.push({ from, until });
  }
  return merged;
};

/** How long both sides were there at the same time. */
const togetherMs = (visits: readonly Visit[], endedAt: Date): number => {
  const [coach = [], client = []] = sides.map((side) =>
    stretches(
      visits.filter(({ role }) => role === side),
      endedAt,
    ),
  );
  let sum = 0;
  for (let a = 0, b = 0; ; ) {
    const [here, there] = [coach[a], client[b]];
    if (!here || !there) return sum;
    sum += Math.max(0, Math.min(here.until, there.until) - Math.max(here.from, there.from));
    if (here.until < there.until) a += 1;
    else b += 1;
  }
};
