import type { ParticipantRole } from "./principal.ts";
import type { Summary, SummaryParticipant, Visit } from "./room.ts";
import type { Session } from "./session.ts";
import { minutesBetween } from "./time.ts";

/** What a summary is made from: a closed session, every visit to its room and how much was said. */
export type SummaryFacts = { session: Session; visits: readonly Visit[]; messageCount: number };

const roleOrder: readonly ParticipantRole[] = ["coach", "client", "guest", "observer"];

/**
 * What happened in a session that has closed. Pure: the same facts give the same summary.
 * Overlapping visits of one person count once; a visit still open counts until the session's end.
 */
export const summarise = (facts: SummaryFacts, generatedAt: Date): Summary => {
  const { session, messageCount } = facts;
  const endedAt = session.endedAt ?? session.endsAt;
  const participants = attendees(facts.visits, endedAt);
  const startedAt = session.startedAt;
  const figures = {
    durationMinutes: startedAt ? Math.round(minutesBetween(startedAt, endedAt)) : 0,
    scheduledMinutes: Math.round(minutesBetween(session.startsAt, session.endsAt)),
    startedLateMinutes: startedAt ? Math.max(0, Math.round(minutesBetween(session.startsAt, startedAt))) : 0,
  };
  const text = sentences(session, participants, { ...figures, messageCount }).join(" ");
  return { sessionId: session.id, generatedAt, ...figures, participants, messageCount, text };
};

const attendees = (visits: readonly Visit[], endedAt: Date): SummaryParticipant[] => {
  const byPerson = Map.groupBy(visits, (visit) => visit.participantId);
  return [...byPerson.values()]
    .map((own) => attendee(own, endedAt))
    .sort(
      (a, b) =>
        roleOrder.indexOf(a.role) - roleOrder.indexOf(b.role) ||
        a.firstJoinedAt.getTime() - b.firstJoinedAt.getTime() ||
        (a.participantId < b.participantId ? -1 : 1),
    );
};

const attendee = (visits: readonly Visit[], endedAt: Date): SummaryParticipant => {
  const sorted = visits.toSorted((a, b) => a.joinedAt.getTime() - b.joinedAt.getTime());
  let presentMs = 0;
  let countedUntil = 0;
  for (const visit of sorted) {
    const from = Math.max(visit.joinedAt.getTime(), countedUntil);
    const until = (visit.leftAt ?? endedAt).getTime();
    if (until > from) presentMs += until - from;
    countedUntil = Math.max(countedUntil, until);
  }
  const [first] = sorted;
  if (!first) throw new Error("an attendee has at least one visit");
  const stillThere = sorted.some((visit) => visit.leftAt === null);
  const lastLeft = Math.max(...sorted.map((visit) => visit.leftAt?.getTime() ?? 0));
  return {
    participantId: first.participantId,
    name: first.name,
    role: first.role,
    minutesPresent: Math.round(presentMs / 60_000),
    visits: sorted.length,
    firstJoinedAt: first.joinedAt,
    lastLeftAt: stillThere ? null : new Date(lastLeft),
  };
};

type Figures = Pick<Summary, "durationMinutes" | "scheduledMinutes" | "startedLateMinutes" | "messageCount">;

const sentences = (session: Session, people: readonly SummaryParticipant[], figures: Figures): string[] => {
  const { durationMinutes, scheduledMinutes, startedLateMinutes, messageCount } = figures;
  const text: string[] = [];
  if (session.startedAt) {
    const length = `The session lasted ${about(durationMinutes)} of ${scheduledMinutes} planned`;
    const late =
      startedLateMinutes > 0 ? ` and started ${minutes(startedLateMinutes)} late` : " and started on time";
    text.push(`${length}${late}.`);
  } else {
    text.push(`The session, planned for ${minutes(scheduledMinutes)}, did not start.`);
  }
  if (session.status === "cancelled") text.push("It was cancelled while it was running.");
  if (people.length === 0) text.push("Nobody joined the room.");
  for (const person of people) text.push(presence(person));
  for (const role of ["coach", "client"] as const) {
    if (people.length > 0 && !people.some((person) => person.role === role))
      text.push(`The ${role} did not come.`);
  }
  text.push(
    messageCount === 0
      ? "No messages were sent."
      : `${count(messageCount, "message")} ${messageCount === 1 ? "was" : "were"} sent.`,
  );
  return text;
};

const presence = (person: SummaryParticipant): string => {
  const visits = person.visits > 1 ? `, in ${person.visits} visits` : "";
  return `${person.name} (${person.role}) was there for ${about(person.minutesPresent)}${visits}.`;
};

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
const minutes = (n: number): string => count(n, "minute");
const about = (n: number): string => (n === 0 ? "less than a minute" : minutes(n));
