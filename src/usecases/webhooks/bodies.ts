import { type AskedVisit, listNewestVisits } from "../../db/attendance.ts";
import { listBookingsById } from "../../db/bookings.ts";
import type { Sql } from "../../db/client.ts";
import { listSessionsById, listSessionsOfBookings } from "../../db/sessions.ts";
import { listSummaries } from "../../db/summaries.ts";
import type { NewOutboxEntry } from "../../domain/outbox.ts";
import type { Session } from "../../domain/session.ts";

/** An entry of the outbox, as far as endpoints are told of it. */
export type ToldEntry = {
  id: string;
  type: string;
  payload: NewOutboxEntry["payload"];
  requestId: string | null;
  /** The key that the caller sent with what made the entry. */
  idempotencyKey: string | null;
  createdAt: Date;
};

/**
 * What endpoints are told of these entries, as text by the entry's id. Resources have the shape that the REST API
 * answers, and are as they stand now: whoever relays entries right after their commit tells what they say. As many
 * statements for a hundred entries as for one.
 */
export const bodiesOf = async (sql: Sql, entries: readonly ToldEntry[]): Promise<Map<string, string>> => {
  const about = await findSubjects(sql, entries);
  return new Map(
    entries.map((entry) => {
      const { id, type, requestId, idempotencyKey, createdAt, payload } = entry;
      const session = about.sessionOf(payload);
      const data = {
        booking: about.booking(payload.bookingId ?? session?.bookingId),
        session,
        participant: about.participant(entry),
        summary: type === "summary.ready" ? about.summary(payload.sessionId) : undefined,
        reason: payload.reason,
        absent: payload.absent,
      };
      const key = idempotencyKey === null ? {} : { idempotencyKey };
      return [id, JSON.stringify({ id, type, at: createdAt, requestId, ...key, data })];
    }),
  );
};

const findSubjects = async (sql: Sql, entries: readonly ToldEntry[]) => {
  const named = (field: "bookingId" | "sessionId"): string[] => [
    ...new Set(entries.flatMap(({ payload }) => payload[field] ?? [])),
  ];
  const [sessionIds, bookingIds] = [named("sessionId"), named("bookingId")];
  const visited = entries.flatMap((entry) => visitOf(entry) ?? []);
  const [byId, byBooking, visits, summaries] = await Promise.all([
    listSessionsById(sql, sessionIds),
    listSessionsOfBookings(sql, bookingIds),
    listNewestVisits(sql, visited),
    listSummaries(
      sql,
      entries.flatMap(({ type, payload }) => (type === "summary.ready" ? (payload.sessionId ?? []) : [])),
    ),
  ]);
  const bookings = await listBookingsById(sql, [
    ...new Set([...bookingIds, ...byId.map(({ bookingId }) => bookingId)]),
  ]);
  const bookingsById = new Map(bookings.map((booking) => [booking.id, booking]));
  const sessionsById = new Map(byId.map((session) => [session.id, session]));
  const sessionsByBooking = new Map(byBooking.map((session) => [session.bookingId, session]));
  const visitsByKey = new Map(visits.map(({ ended, ...visit }) => [visitKey({ ...visit, ended }), visit]));
  const summariesBySession = new Map(summaries.map((summary) => [summary.sessionId, summary]));
  return {
    booking: (id: string | undefined) => bookingsById.get(id ?? ""),
    sessionOf: ({ sessionId, bookingId }: ToldEntry["payload"]): Session | undefined =>
      sessionsById.get(sessionId ?? "") ?? sessionsByBooking.get(bookingId ?? ""),
    participant: (entry: ToldEntry) => {
      const asked = visitOf(entry);
      return asked && visitsByKey.get(visitKey(asked));
    },
    summary: (sessionId: string | undefined) => summariesBySession.get(sessionId ?? ""),
  };
};

/** The visit that an entry is about. One of somebody who left has ended, also when they are back by now. */
const visitOf = ({ type, payload: { sessionId, participantId } }: ToldEntry): AskedVisit | undefined =>
  sessionId === undefined || participantId === undefined
    ? undefined
    : { sessionId, participantId, ended: type === "participant.left" };

const visitKey = ({ sessionId, participantId, ended }: AskedVisit): string =>
  `${sessionId} ${participantId} ${ended}`;
