import type { Visit } from "../room.ts";
import type { SessionLocation } from "../session-type.ts";
import { type Absent, type Session, isClosed, joinOpensAt } from "../session.ts";
import { addMinutes } from "../time.ts";
import { overlapMs, timelineOf } from "../timeline.ts";

/** How long a room waits, in minutes. */
export type RoomTimers = {
  emptyRoomMinutes: number;
  maxOverrunMinutes: number;
  noShowMinutes: number;
  joinEarlyMinutes: number;
};

/** What a session is judged by: all of it stands in the database. */
export type Evidence = {
  session: Pick<Session, "status" | "startsAt" | "endsAt" | "startedAt">;
  /** Where it is held; only a `room` says anything of who came. */
  location: SessionLocation["kind"];
  visits: readonly Pick<Visit, "role" | "joinedAt" | "leftAt" | "leftReason">[];
  timers: RoomTimers;
};

/** Why the hub closed a session by itself. Public and stable. */
export type JudgedReason = "empty_room" | "overrun" | "time_over" | "no_show";

/** What a session has come to; `at` is when it was over, which may be long before anybody looked. */
export type Verdict = Finding & { reason: JudgedReason; at: Date };

/** An outcome, and who did not come to a no-show. */
type Finding = { outcome: "completed"; absent: null } | { outcome: "no_show"; absent: Absent };

/** Together for this long, coach and client have had their session. */
const metMs = 60_000;

/**
 * What an open session has come to by itself; null while it may go on. Pure: the same evidence gives the same verdict,
 * whether it is looked at in time or after a day of downtime.
 *
 * - Held elsewhere (`url`, `in_person`): completed at its end, whoever was in the room.
 * - Scheduled, and a side has never come since the room opened for this time: a no-show `noShowMinutes` after the start.
 *   With nobody there both are absent. Whoever comes late, and before anybody looked, has come.
 * - Scheduled, and both sides have come, at whatever times: never a no-show before it is over. Nobody started it, so it
 *   is judged by attendance at its end + `maxOverrunMinutes`.
 * - In progress: by attendance once its room, guests and observers included, has been empty for `emptyRoomMinutes`, at
 *   once where that is past its end; and at its end + `maxOverrunMinutes` whoever is there. A stretch in which the room
 *   was empty and nobody looked counts no more when somebody is there again. Started before its time it is no no-show
 *   before its time: where they have not met, the room counts as empty from the scheduled start on.
 *
 * By attendance: coach and client in the room together for a minute in all is `completed`. Otherwise it is a no-show, and
 * absent is who was not there for a minute; both, where each was there and they missed one another.
 *
 * The verdict dates from the moment at which its rule came to hold, not from that at which it is found. It is never earlier
 * than what is known to have happened in the room: a start, an arrival, a leave of one's own. That somebody was `lost`
 * is no such sign, since after a downtime it says when the hub came back. Whoever is still there counts as having stayed
 * until then.
 */
export const judge = (evidence: Evidence, now: Date): Verdict | null => {
  if (isClosed(evidence.session.status)) return null;
  const verdict = evidence.location === "room" ? judgeRoom(evidence) : judgeElsewhere(evidence);
  return verdict.at <= now ? verdict : null;
};

const judgeElsewhere = ({ session: { startedAt, endsAt } }: Evidence): Verdict => ({
  outcome: "completed",
  absent: null,
  reason: "time_over",
  at: latest([endsAt, startedAt]),
});

/** The verdict that the evidence leads to, at a time that may not have come yet. */
const judgeRoom = (evidence: Evidence): Verdict => {
  const { session, timers } = evidence;
  const visits = visitsOfThisTime(evidence);
  const happened = [session.startedAt, ...visits.flatMap(witnessed)];
  const missing = sides.filter((side) => !visits.some(({ role }) => role === side));
  if (session.status === "scheduled" && missing.length > 0) {
    const at = latest([addMinutes(session.startsAt, timers.noShowMinutes), ...happened]);
    return { outcome: "no_show", absent: absentOf(missing), reason: "no_show", at };
  }
  const overrunAt = addMinutes(session.endsAt, timers.maxOverrunMinutes);
  const emptyAt = session.status === "scheduled" ? null : emptyRoomEnd(evidence, visits);
  const isEmpty = emptyAt !== null && emptyAt < overrunAt;
  const at = latest([isEmpty ? emptyAt : overrunAt, ...happened]);
  return { ...byAttendance(visits, at), reason: isEmpty ? "empty_room" : "overrun", at };
};

type Visits = Evidence["visits"];

const sides = ["coach", "client"] as const;
type Side = (typeof sides)[number];

/** A session may have been moved after somebody was in its room: what was over before it opened for this time is not of it. */
const visitsOfThisTime = ({ session, visits, timers }: Evidence): Visits => {
  const opensAt = joinOpensAt(session, timers.joinEarlyMinutes);
  const from = session.startedAt && session.startedAt < opensAt ? session.startedAt : opensAt;
  return visits.filter(({ leftAt }) => leftAt === null || leftAt > from);
};

/** What somebody did themselves in a visit, so that its time is that at which it happened. */
const witnessed = ({ joinedAt, leftAt, leftReason }: Visits[number]): (Date | null)[] => [
  joinedAt,
  leftReason === "lost" ? null : leftAt,
];

/** When the room of a session in progress has been empty for too long; null while somebody is there. */
const emptyRoomEnd = ({ session, timers }: Evidence, visits: Visits): Date | null => {
  const left = visits.map(({ leftAt }) => leftAt);
  if (left.includes(null)) return null;
  const emptied = latest([session.startedAt ?? session.startsAt, ...left]);
  const since = haveMet(visits, emptied) ? emptied : latest([emptied, session.startsAt]);
  const after = addMinutes(since, timers.emptyRoomMinutes);
  const pastEnd = latest([since, session.endsAt]);
  return after < pastEnd ? after : pastEnd;
};

const byAttendance = (visits: Visits, until: Date): Finding => {
  if (haveMet(visits, until)) return { outcome: "completed", absent: null };
  const missed = sides.filter((side) => {
    const there = timeOf(visits, side, until);
    return overlapMs(there, there) < metMs;
  });
  return { outcome: "no_show", absent: absentOf(missed) };
};

const haveMet = (visits: Visits, until: Date): boolean =>
  overlapMs(timeOf(visits, "coach", until), timeOf(visits, "client", until)) >= metMs;

/** When a side was in the room, on however many visits, up to a moment. */
const timeOf = (visits: Visits, side: Side, until: Date) =>
  timelineOf(
    visits
      .filter(({ role, joinedAt }) => role === side && joinedAt < until)
      .map(({ joinedAt, leftAt }) => ({
        start: joinedAt.getTime(),
        end: Math.min(until.getTime(), leftAt?.getTime() ?? Number.POSITIVE_INFINITY),
      })),
  );

/** Nobody in particular is both: they missed one another. */
const absentOf = (missed: readonly Side[]): Absent =>
  missed.length === 1 && missed[0] !== undefined ? missed[0] : "both";

/** The latest of some moments; those that never came do not count. */
const latest = (dates: readonly [Date, ...(Date | null)[]]): Date =>
  new Date(Math.max(...dates.map((date) => date?.getTime() ?? Number.NEGATIVE_INFINITY)));
