import type { SessionLocation } from "../domain/session-type.ts";
import type { BookingStatus } from "../domain/booking.ts";
import type { Absent, SessionStatus } from "../domain/session.ts";
import { plainArray, type Sql } from "./client.ts";
import { type PageRequest, beyond } from "./page.ts";

export type MailStatus = "pending" | "sent" | "failed" | "kept";

/** A mail as it was written, and what came of it. */
export type Mail = {
  id: string;
  cause: string;
  /** The coach or client whom it tells of a booking, the booking and its version; all null where it is about neither. */
  personId: string | null;
  bookingId: string | null;
  bookingVersion: number | null;
  kind: string;
  messageId: string;
  toAddress: string;
  toName: string;
  subject: string;
  text: string;
  html: string;
  ics: string | null;
  icsMethod: "REQUEST" | "CANCEL" | null;
  status: MailStatus;
  attempts: number;
  sentAt: Date | null;
  lastError: string | null;
  createdAt: Date;
};

export type NewMail = Omit<Mail, "status" | "attempts" | "sentAt" | "lastError" | "createdAt">;

const mailColumns = (sql: Sql) => sql`
  id, cause, person_id, booking_id, booking_version, kind, message_id, to_address, to_name, subject, text, html, ics,
  ics_method, status, attempts, sent_at, last_error, created_at`;

/** Writes mails; one that is there already, or whose appointment has been told as it stands, stays as it is. */
export const insertMails = async (sql: Sql, mails: readonly NewMail[]): Promise<void> => {
  await sql`
    INSERT INTO mails (id, cause, person_id, booking_id, booking_version, kind, message_id, to_address, to_name, subject,
                       text, html, ics, ics_method)
    SELECT * FROM unnest(
      ${plainArray(mails.map(({ id }) => id))}::uuid[], ${plainArray(mails.map(({ cause }) => cause))}::text[],
      ${plainArray(mails.map(({ personId }) => personId))}::uuid[],
      ${plainArray(mails.map(({ bookingId }) => bookingId))}::uuid[],
      ${plainArray(mails.map(({ bookingVersion }) => bookingVersion))}::int[],
      ${plainArray(mails.map(({ kind }) => kind))}::text[], ${mails.map(({ messageId }) => messageId)}::text[],
      ${mails.map(({ toAddress }) => toAddress)}::text[], ${mails.map(({ toName }) => toName)}::text[],
      ${mails.map(({ subject }) => subject)}::text[], ${mails.map(({ text }) => text)}::text[],
      ${mails.map(({ html }) => html)}::text[], ${mails.map(({ ics }) => ics)}::text[],
      ${mails.map(({ icsMethod }) => icsMethod)}::text[])
    ON CONFLICT DO NOTHING`;
};

/** The mails that something asked for. */
export const listMailsOf = (sql: Sql, cause: string): Promise<Mail[]> =>
  sql<Mail[]>`SELECT ${mailColumns(sql)} FROM mails WHERE cause = ${cause} ORDER BY id`;

export const findMail = async (sql: Sql, id: string): Promise<Mail | null> => {
  const [row] = await sql<Mail[]>`SELECT ${mailColumns(sql)} FROM mails WHERE id = ${id}`;
  return row ?? null;
};

/** A mail without what it says. */
export type MailSummary = Omit<Mail, "text" | "html" | "ics">;

/** Newest first. */
export const listMails = (sql: Sql, page: PageRequest): Promise<MailSummary[]> =>
  sql<MailSummary[]>`
    SELECT id, cause, person_id, booking_id, booking_version, kind, message_id, to_address, to_name, subject, ics_method,
      status, attempts, sent_at, last_error, created_at
    FROM mails WHERE ${beyond(sql, page)} ORDER BY id DESC LIMIT ${page.limit + 1}`;

/** True of a mail while its booking is as it tells, and of one without a booking. */
const stillTrue = (sql: Sql) =>
  sql`booking_version IS NOT DISTINCT FROM (SELECT version FROM bookings WHERE bookings.id = mails.booking_id)`;

/**
 * Takes a mail for an attempt at it, for `leaseMs`. The booking's version is looked at here, at the last moment before
 * the mail leaves.
 * @returns the number of the attempt; null when it waits for no attempt, is overtaken, or somebody else has it
 */
export const updateMailTaken = async (sql: Sql, id: string, leaseMs: number): Promise<number | null> => {
  const [row] = await sql<{ attempts: number }[]>`
    UPDATE mails SET attempts = attempts + 1, sending_until = clock_timestamp() + make_interval(secs => ${leaseMs / 1000})
    WHERE id = ${id} AND status = 'pending' AND (sending_until IS NULL OR sending_until < clock_timestamp())
      AND ${stillTrue(sql)}
    RETURNING attempts`;
  return row?.attempts ?? null;
};

/** Notes that a mail has gone, whatever was noted before: nothing undoes that. */
export const updateMailDone = async (sql: Sql, id: string, status: "sent" | "kept"): Promise<void> => {
  await sql`
    UPDATE mails SET status = ${status}, sent_at = ${status === "sent" ? sql`clock_timestamp()` : null}, last_error = NULL,
      sending_until = NULL
    WHERE id = ${id} AND status <> 'sent'`;
};

/** Notes how an attempt failed: for good, or until the next one. Of an attempt that was overtaken nothing is noted. */
export const updateMailNotSent = async (
  sql: Sql,
  id: string,
  { attempt, error, final }: { attempt: number; error: string; final: boolean },
): Promise<void> => {
  await sql`
    UPDATE mails SET status = ${final ? "failed" : "pending"}, last_error = ${error}, sending_until = NULL
    WHERE id = ${id} AND status = 'pending' AND attempts = ${attempt}`;
};

const droppedReason = "no longer true when it could be sent";

/** Gives up what waits of a cause. */
export const updateMailsDropped = async (sql: Sql, cause: string): Promise<void> => {
  await sql`UPDATE mails SET status = 'failed', last_error = ${droppedReason} WHERE cause = ${cause} AND status = 'pending'`;
};

/** Gives up a mail that waits and was overtaken by its booking. */
export const updateMailOvertaken = async (sql: Sql, id: string): Promise<void> => {
  await sql`
    UPDATE mails SET status = 'failed', last_error = ${droppedReason}
    WHERE id = ${id} AND status = 'pending' AND NOT (${stillTrue(sql)})`;
};

type MailPerson = { name: string; email: string | null; timeZone: string };

/** What mails are written from, as it is at one moment. */
export type MailFacts = {
  bookingId: string;
  bookingStatus: BookingStatus;
  bookingVersion: number;
  title: string | null;
  startsAt: Date;
  endsAt: Date;
  /** When the booking came to be as it is. */
  updatedAt: Date;
  typeName: string | null;
  location: SessionLocation | null;
  /** Until when a pending booking may be answered. */
  answerBy: Date | null;
  coachId: string;
  clientId: string;
  coach: MailPerson;
  client: MailPerson;
  sessionId: string | null;
  sessionStatus: SessionStatus | null;
  /** The people in the room. */
  present: string[];
  /** Who did not come to a no-show. */
  absent: Absent | null;
  /** Whether coach or client was ever in the room, for however long. */
  sideCame: boolean;
  /** When it was to start before it was moved. */
  startedBefore: Date | null;
  now: Date;
};

/** The facts of a booking, named by its own id or its session's. */
export const findMailFacts = async (
  sql: Sql,
  { bookingId, sessionId }: { bookingId?: string | undefined; sessionId?: string | undefined },
): Promise<MailFacts | null> => {
  const [row] = await sql<MailFacts[]>`
    SELECT b.id AS booking_id, b.status AS booking_status, b.version AS booking_version, b.title, b.starts_at, b.ends_at,
      b.updated_at, t.name AS type_name, t.location, k.expires_at AS answer_by, b.coach_id, b.client_id,
      json_build_object('name', c.name, 'email', c.email, 'timeZone', c.time_zone) AS coach,
      json_build_object('name', l.name, 'email', l.email, 'timeZone', l.time_zone) AS client,
      s.id AS session_id, s.status AS session_status,
      ARRAY(SELECT a.participant_id FROM attendance a WHERE a.session_id = s.id AND a.left_at IS NULL) AS present,
      s.absent,
      EXISTS (SELECT FROM attendance a WHERE a.session_id = s.id AND a.role IN ('coach', 'client')) AS side_came,
      (SELECT (e.data -> 'session' ->> 'startsAt')::timestamptz FROM session_events e
       WHERE e.session_id = s.id AND e.type IN ('session:scheduled', 'session:rescheduled')
         AND (e.data -> 'session' ->> 'startsAt')::timestamptz <> b.starts_at ORDER BY e.seq DESC LIMIT 1) AS started_before,
      clock_timestamp() AS now
    FROM bookings b JOIN coaches c ON c.id = b.coach_id JOIN clients l ON l.id = b.client_id
      LEFT JOIN session_types t ON t.id = b.session_type_id
      LEFT JOIN claims k ON k.id = b.claim_id
      LEFT JOIN sessions s ON s.booking_id = b.id
    WHERE ${bookingId === undefined ? sql`b.id = (SELECT booking_id FROM sessions WHERE id = ${sessionId ?? null})` : sql`b.id = ${bookingId}`}`;
  return row ?? null;
};

/** The same, with the booking locked until the transaction ends. */
export const findMailFactsForUpdate = async (sql: Sql, bookingId: string): Promise<MailFacts | null> => {
  await sql`SELECT 1 FROM bookings WHERE id = ${bookingId} FOR NO KEY UPDATE`;
  return findMailFacts(sql, { bookingId });
};

/** What says of an entry of the outbox whom it concerns. */
export type EntrySubject = { id: string; payload: { bookingId?: string; sessionId?: string } };

/** Those of these entries whose coach or client has a mail address. */
export const listEntriesWithReaders = async (
  sql: Sql,
  entries: readonly EntrySubject[],
): Promise<string[]> => {
  const rows = await sql<{ id: string }[]>`
    SELECT n.id
    FROM unnest(${plainArray(entries.map(({ id }) => id))}::uuid[],
                ${plainArray(entries.map(({ payload }) => payload.bookingId ?? null))}::uuid[],
                ${plainArray(entries.map(({ payload }) => payload.sessionId ?? null))}::uuid[]) AS n (id, booking, session),
      LATERAL (
        SELECT b.coach_id, b.client_id FROM bookings b
        WHERE b.id = coalesce(n.booking, (SELECT s.booking_id FROM sessions s WHERE s.id = n.session))
        OFFSET 0
      ) AS b
    WHERE EXISTS (SELECT FROM coaches c WHERE c.id = b.coach_id AND c.email IS NOT NULL)
       OR EXISTS (SELECT FROM clients l WHERE l.id = b.client_id AND l.email IS NOT NULL)`;
  return rows.map(({ id }) => id);
};

/** Takes away mails that were written longer ago than that; at most `limit`. @returns how many */
export const deleteOldMails = async (
  sql: Sql,
  { days, limit }: { days: number; limit: number },
): Promise<number> => {
  const { count } = await sql`
    DELETE FROM mails WHERE id IN (
      SELECT id FROM mails WHERE created_at < now() - make_interval(days => ${days})
      ORDER BY created_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`;
  return count;
};
