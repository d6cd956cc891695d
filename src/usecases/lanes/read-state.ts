import { listBookingRecords, listLiveBookingsAt } from "../../db/bookings.ts";
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
import { bufferedStretch } from "../../domain/calendar.ts";
import type { Client } from "../../domain/client.ts";
import { askedSlot } from "../../domain/lane/asked-slot.ts";
import type { LaneState } from "../../domain/lane/state.ts";
import { timelineOf } from "../../domain/timeline.ts";
import { findBusyTime, findSchedules, withDays, workingTime } from "../calendars.ts";
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
 * Locks what a batch is about and reads it, in two goes: the second asks for calendars at the times that session types
 * of the first one make.
 */
export const readLaneState = async (sql: Sql, jobs: readonly LaneJob[]): Promise<LaneReading> => {
  const refs = refsOf(jobs);
  const [, lapsed] = await Promise.all([lockNames(sql, locksOf(refs)), listLapsedClaims(sql, refs.coachIds)]);
  const first = await readSubjects(sql, refs, lapsed);
  const { state, schedules, records } = first;
  await readCalendars(sql, state, { jobs, schedules });
  return { state, lapsed, records };
};

/** Everything but calendars. The statements go out together and come back together. */
const readSubjects = async (sql: Sql, refs: Refs, lapsed: readonly string[]) => {
  const none = Promise.resolve([]);
  const [sessions, now, schedules, clients, openHolds, holds, bookings, members, poolsWithTypes, records] =
    await Promise.all([
      refs.bookingIds.length > 0 ? listSessionsForUpdate(sql, refs.bookingIds) : none,
      findNow(sql),
      findSchedules(sql, refs.coachIds),
      refs.clientIds.length + refs.externalIds.length + refs.emails.length > 0
        ? listClientsByRefs(sql, { ...refs, ids: refs.clientIds })
        : none,
      refs.holders.length > 0 ? countOpenHolds(sql, refs.holders) : new Map<string, number>(),
      refs.holdIds.length + lapsed.length > 0
        ? listHolds(sql, { ids: refs.holdIds, claimIds: lapsed })
        : none,
      refs.bookingIds.length + refs.holdIds.length + lapsed.length > 0
        ? listBookingRecords(sql, { ids: refs.bookingIds, holdIds: refs.holdIds, claimIds: lapsed })
        : none,
      refs.poolIds.length > 0 ? listPoolMembers(sql, refs.poolIds) : none,
      refs.poolIds.length > 0 ? listPoolsWithTypes(sql, refs.poolIds) : none,
      refs.keys.length > 0 ? listRecords(sql, refs.keys) : none,
    ]);
  const types = refs.typeIds.length > 0 ? await listLaneTypes(sql, refs.typeIds) : [];
  const locked = new Set(refs.coachIds);
  const state: LaneState = {
    now,
    coaches: new Map(),
    pools: new Map(
      refs.poolIds
        .filter((id) => members.some(({ poolId }) => poolId === id))
        .map((id) => [
          id,
          {
            id,
            members: members.filter(({ poolId, coachId }) => poolId === id && locked.has(coachId)),
            offersTypes: poolsWithTypes.includes(id),
          },
        ]),
    ),
    types: new Map(types.map((entry) => [entry.type.id, entry])),
    clients: new Map(clients.map((client) => [client.id, laneClient(client, openHolds)])),
    holds: new Map(holds.map((hold) => [hold.id, hold])),
    bookings: new Map(bookings.map((booking) => [booking.id, booking])),
    sessions: new Map(sessions.map((session) => [session.id, session])),
  };
  return {
    state,
    schedules,
    records: new Map(records.map((record) => [lockNameOf(record), record])),
  };
};

const laneClient = (client: Client, openHolds: ReadonlyMap<string, number>) => ({
  client,
  openHolds: openHolds.get(client.id) ?? 0,
});

type CalendarInput = { jobs: readonly LaneJob[]; schedules: ReadonlyMap<string, CoachSchedule> };

/** The calendars of the batch's coaches around what is asked for, and what the same clients have at the same time. */
const readCalendars = async (
  sql: Sql,
  state: LaneState,
  { jobs, schedules }: CalendarInput,
): Promise<void> => {
  const ranges: CoachRange[] = [];
  const times: { clientId: string; start: number; end: number }[] = [];
  for (const { needs, request, caller } of jobs) {
    const slot = askedSlot(state, request, caller);
    if (slot && request.kind === "book") {
      const meant = needs.clientId == null ? [...state.clients.keys()] : [needs.clientId];
      times.push(...meant.map((clientId) => ({ clientId, start: slot.start, end: slot.end })));
    }
    const asked = slot ? bufferedStretch(slot) : needs.claimed;
    if (asked) ranges.push(...needs.coachIds.map((coachId) => ({ coachId, ...asked })));
  }
  const now = state.now.getTime();
  const widened = ranges.map((range) => {
    const schedule = schedules.get(range.coachId);
    return { ...range, ...(schedule ? withDays(schedule, range) : {}) };
  });
  const [claims, busy, same] = await Promise.all([
    listClaims(sql, widened),
    findBusyTime(sql, schedules, { ranges, now }),
    times.length > 0 ? listLiveBookingsAt(sql, times) : [],
  ]);
  const claimsByCoach = Map.groupBy(claims, ({ coachId }) => coachId);
  const rangesByCoach = Map.groupBy(ranges, ({ coachId }) => coachId);
  for (const [id, schedule] of schedules) {
    state.coaches.set(id, {
      coach: schedule,
      windows: workingTime(schedule, rangesByCoach.get(id) ?? []),
      busy: timelineOf(busy.get(id) ?? []),
      claims: claimsByCoach.get(id) ?? [],
      offersTypes: schedule.offersTypes,
    });
  }
  const found = same.filter(({ id }) => !state.bookings.has(id));
  for (const booking of found) state.bookings.set(booking.id, booking);
  // Given back as they are, so nobody has to wait for a room that is changing.
  const withSession = [...state.bookings.values()].filter(
    ({ sessionId }) => sessionId !== null && !state.sessions.has(sessionId),
  );
  if (withSession.length === 0) return;
  const sessions = await listSessionsOfBookings(
    sql,
    withSession.map(({ id }) => id),
  );
  for (const session of sessions) state.sessions.set(session.id, session);
};
