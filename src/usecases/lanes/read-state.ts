import { type ClientTime, listBookingRecords, listLiveBookingsAt } from "../../db/bookings.ts";
import { type BusyPeriods, listBusyPeriods } from "../../db/busy-periods.ts";
import { type CoachRange, listClaims, listLapsedClaims } from "../../db/claims.ts";
import { type Sql, findNow } from "../../db/client.ts";
import { listClientsByRefs } from "../../db/clients.ts";
import type { CoachSchedule } from "../../db/coaches.ts";
import { countOpenHolds, listHolds } from "../../db/holds.ts";
import { type IdempotencyRecord, listRecords, lockNameOf } from "../../db/idempotency.ts";
import { lockNames } from "../../db/locks.ts";
import { listPoolMembers } from "../../db/pools.ts";
import { listLaneTypes, listPoolsWithTypes } from "../../db/session-types.ts";
import { listSessionsForUpdate, listSessionsOfBookings } from "../../db/sessions.ts";
import type { BookingRecord } from "../../domain/booking.ts";
import { type SlotCandidate, bufferedStretch } from "../../domain/calendar.ts";
import { askedSlot, plainSlot } from "../../domain/lane/asked-slot.ts";
import type { Claim, LaneState } from "../../domain/lane/state.ts";
import { timelineOf } from "../../domain/timeline.ts";
import { busyTime, findSchedules, workingTime } from "../calendars.ts";
import { type LaneJob, laneOfCoach, laneOfPool } from "./job.ts";

/** What a batch is decided on. */
export type LaneReading = {
  state: LaneState;
  /** Claims of the batch's coaches whose deadline has passed. */
  lapsed: string[];
  /** What was answered before, by the lock name of its key. */
  records: Map<string, IdempotencyRecord>;
};

const unique = (values: Iterable<string | null | undefined>): string[] => [
  ...new Set([...values].filter((value) => value != null)),
];

/** What the jobs of a batch are about, each once. */
const refsOf = (jobs: readonly LaneJob[]) => {
  const requests = jobs.map(({ request }) => request);
  const inline = requests.flatMap((request) =>
    request.kind === "book" && request.client && "inline" in request.client ? [request.client.inline] : [],
  );
  return {
    coachIds: unique(jobs.flatMap(({ needs }) => [...needs.coachIds])),
    poolIds: unique(jobs.map(({ needs }) => needs.poolId)),
    typeIds: unique(jobs.map(({ needs }) => needs.sessionTypeId)),
    clientIds: unique(jobs.map(({ needs }) => needs.clientId)),
    externalIds: unique(inline.map(({ externalId }) => externalId)),
    emails: unique(inline.map(({ email }) => email?.toLowerCase())),
    holdIds: unique(jobs.map(({ needs }) => needs.holdId)),
    bookingIds: unique(jobs.map(({ needs }) => needs.bookingId)),
    holders: unique(requests.map((request) => (request.kind === "hold" ? request.clientId : null))),
    keys: jobs.flatMap(({ context }) => context.idempotency ?? []),
  };
};

type Refs = ReturnType<typeof refsOf>;

/**
 * Everything that a batch locks, so that what it reads stays true until it has written: the lanes of its coaches and
 * pools, its keys, the clients whose holds are counted, and those who may have to be made.
 */
const locksOf = (refs: Refs): string[] => [
  ...refs.coachIds.map(laneOfCoach),
  ...refs.poolIds.map(laneOfPool),
  ...refs.keys.map(lockNameOf),
  ...refs.holders.map((id) => `client:${id}`),
  ...refs.externalIds.map((id) => `client external:${id}`),
  ...refs.emails.map((email) => `client mail:${email}`),
];

/**
 * Locks what a batch is about and reads it. It takes one flight of statements where every time that is asked for stands
 * in its request, and another for the times that session types and bookings say, or for what has lapsed.
 */
export const readLaneState = async (sql: Sql, jobs: readonly LaneJob[]): Promise<LaneReading> => {
  const refs = refsOf(jobs);
  const early = jobs.every(timeIsPlain) ? calendarNeeds(jobs, ({ request }) => plainSlot(request), []) : null;
  const [, lapsed, subjects, calendars] = await Promise.all([
    lockNames(sql, locksOf(refs)),
    listLapsedClaims(sql, refs.coachIds),
    readSubjects(sql, refs),
    early ? readCalendars(sql, early) : null,
  ]);
  const { state, schedules, records } = subjects;
  if (lapsed.length > 0) await readLapsed(sql, state, lapsed);
  const slotOf = ({ request, caller }: LaneJob) => askedSlot(state, request, caller);
  const needs = early ?? calendarNeeds(jobs, slotOf, [...state.clients.keys()]);
  layCalendars(state, schedules, { needs, ...(calendars ?? (await readCalendars(sql, needs))) });
  await readOtherSessions(sql, state);
  return { state, lapsed, records };
};

/** True for a request whose time does not depend on anything that has to be read. */
const timeIsPlain = ({ request, needs }: LaneJob): boolean =>
  request.kind !== "reschedule" &&
  needs.sessionTypeId == null &&
  !(request.kind === "book" && request.client !== null && "inline" in request.client);

/** Everything but calendars, in one flight. */
const readSubjects = async (sql: Sql, refs: Refs) => {
  const none = Promise.resolve([]);
  const { bookingIds, clientIds, externalIds, emails, holders, holdIds, poolIds, typeIds, keys } = refs;
  const [
    sessions,
    now,
    schedules,
    clients,
    openHolds,
    holds,
    bookings,
    members,
    poolsWithTypes,
    types,
    records,
  ] = await Promise.all([
    bookingIds.length > 0 ? listSessionsForUpdate(sql, bookingIds) : none,
    findNow(sql),
    findSchedules(sql, refs.coachIds),
    clientIds.length + externalIds.length + emails.length > 0
      ? listClientsByRefs(sql, { ids: clientIds, externalIds, emails })
      : none,
    holders.length > 0 ? countOpenHolds(sql, holders) : new Map<string, number>(),
    holdIds.length > 0 ? listHolds(sql, { ids: holdIds, claimIds: [] }) : none,
    bookingIds.length + holdIds.length > 0
      ? listBookingRecords(sql, { ids: bookingIds, holdIds, claimIds: [] })
      : none,
    poolIds.length > 0 ? listPoolMembers(sql, poolIds) : none,
    poolIds.length > 0 ? listPoolsWithTypes(sql, poolIds) : none,
    typeIds.length > 0 ? listLaneTypes(sql, typeIds) : none,
    keys.length > 0 ? listRecords(sql, keys) : none,
  ]);
  const locked = new Set(refs.coachIds);
  const pools = poolIds.flatMap((id) => {
    const own = members.filter(({ poolId }) => poolId === id);
    if (own.length === 0) return [];
    const choosable = own.filter(({ coachId }) => locked.has(coachId));
    return [{ id, members: choosable, offersTypes: poolsWithTypes.includes(id) }];
  });
  const state: LaneState = {
    now,
    coaches: new Map(),
    pools: new Map(pools.map((pool) => [pool.id, pool])),
    types: new Map(types.map((entry) => [entry.type.id, entry])),
    clients: new Map(
      clients.map((client) => [client.id, { client, openHolds: openHolds.get(client.id) ?? 0 }]),
    ),
    holds: new Map(holds.map((hold) => [hold.id, hold])),
    bookings: new Map(bookings.map((booking) => [booking.id, booking])),
    sessions: new Map(sessions.map((session) => [session.id, session])),
  };
  return { state, schedules, records: new Map(records.map((record) => [lockNameOf(record), record])) };
};

/** What the claims that have lapsed belonged to. */
const readLapsed = async (sql: Sql, state: LaneState, claimIds: readonly string[]): Promise<void> => {
  const [holds, bookings] = await Promise.all([
    listHolds(sql, { ids: [], claimIds }),
    listBookingRecords(sql, { ids: [], holdIds: [], claimIds }),
  ]);
  for (const hold of holds) state.holds.set(hold.id, hold);
  for (const booking of bookings) state.bookings.set(booking.id, booking);
};

/** The stretches of calendars that a batch asks about, and the times at which clients may have a booking already. */
type CalendarNeeds = { ranges: CoachRange[]; times: ClientTime[] };

const calendarNeeds = (
  jobs: readonly LaneJob[],
  slotOf: (job: LaneJob) => SlotCandidate | null,
  /** Any of whom may be the one that a request means without an id. */
  knownClients: readonly string[],
): CalendarNeeds => {
  const ranges: CoachRange[] = [];
  const times: ClientTime[] = [];
  for (const job of jobs) {
    const { needs, request } = job;
    const slot = slotOf(job);
    if (slot && request.kind === "book") {
      const clientIds = needs.clientId == null ? knownClients : [needs.clientId];
      times.push(...clientIds.map((clientId) => ({ clientId, start: slot.start, end: slot.end })));
    }
    const asked = slot ? bufferedStretch(slot) : needs.claimed;
    if (asked) ranges.push(...needs.coachIds.map((coachId) => ({ coachId, ...asked })));
  }
  return { ranges, times };
};

type CalendarRows = { claims: Claim[]; busy: Map<string, BusyPeriods>; same: BookingRecord[] };

const readCalendars = async (sql: Sql, { ranges, times }: CalendarNeeds): Promise<CalendarRows> => {
  const [claims, busy, same] = await Promise.all([
    listClaims(sql, ranges),
    listBusyPeriods(sql, ranges),
    times.length > 0 ? listLiveBookingsAt(sql, times) : [],
  ]);
  return { claims, busy, same };
};

/** Puts what was read of calendars into the state. */
const layCalendars = (
  state: LaneState,
  schedules: ReadonlyMap<string, CoachSchedule>,
  { needs, claims, busy, same }: CalendarRows & { needs: CalendarNeeds },
): void => {
  const claimsByCoach = Map.groupBy(claims, ({ coachId }) => coachId);
  const rangesByCoach = Map.groupBy(needs.ranges, ({ coachId }) => coachId);
  for (const [id, schedule] of schedules) {
    state.coaches.set(id, {
      coach: schedule,
      windows: workingTime(schedule, rangesByCoach.get(id) ?? []),
      busy: busyTime(schedule, timelineOf(busy.get(id)?.periods ?? []), state.now.getTime()),
      claims: claimsByCoach.get(id) ?? [],
      offersTypes: schedule.offersTypes,
    });
  }
  for (const booking of same) if (!state.bookings.has(booking.id)) state.bookings.set(booking.id, booking);
};

/** The sessions of bookings that are only given back as they are: read without a lock, so nobody waits for a room. */
const readOtherSessions = async (sql: Sql, state: LaneState): Promise<void> => {
  const others = [...state.bookings.values()].filter(
    ({ sessionId }) => sessionId !== null && !state.sessions.has(sessionId),
  );
  if (others.length === 0) return;
  const sessions = await listSessionsOfBookings(
    sql,
    others.map(({ id }) => id),
  );
  for (const session of sessions) state.sessions.set(session.id, session);
};
