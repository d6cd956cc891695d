import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { JobPayload } from "../../../src/domain/job.ts";
import type { Side } from "../../../src/domain/room.ts";
import { planReminders as planRemindersJob } from "../../../src/jobs/plan-reminders.ts";
import { acceptBooking } from "../../../src/usecases/bookings/accept.ts";
import { cancelBooking } from "../../../src/usecases/bookings/cancel.ts";
import { rescheduleBooking } from "../../../src/usecases/bookings/reschedule.ts";
import { updateClient } from "../../../src/usecases/clients/update.ts";
import { updateCoach } from "../../../src/usecases/coaches/update.ts";
import { type RemindInput, planReminders, remind } from "../../../src/usecases/mail/reminders.ts";
import { startSession } from "../../../src/usecases/sessions/start.ts";
import { type MailWorld, createMailWorld } from "../../support/mail.ts";
import { waitFor } from "../../support/wait.ts";

let mail: MailWorld;

beforeAll(async () => {
  mail = await createMailWorld({ REMINDER_MINUTES: "1440,15" });
});

afterAll(() => mail.close());

beforeEach(() => void mail.server.arrived.splice(0));

const minuteMs = 60_000;
const inMinutes = (minutes: number): Date =>
  new Date(Math.ceil(Date.now() / minuteMs) * minuteMs + minutes * minuteMs);
const plan = (bookingId: string) => planReminders(mail.world.app, { bookingId, requestId: "tests" });

/** The reminders that wait, as `remind` is given them, with when each is due. */
const waiting = async (bookingId: string): Promise<(RemindInput & { dueAt: Date })[]> => {
  const rows = await mail.world.db<{ payload: { minutesBefore: number; startsAt: string }; dueAt: Date }[]>`
    SELECT payload, due_at FROM jobs WHERE name = 'remind' AND payload ->> 'bookingId' = ${bookingId} ORDER BY due_at`;
  return rows.map(({ payload, dueAt }) => ({
    bookingId,
    startsAt: new Date(payload.startsAt),
    minutesBefore: payload.minutesBefore,
    dueAt,
  }));
};

/** A booking so many minutes ahead, as if it had been made in good time. */
const bookLongAgo = async (minutes: number) => {
  const made = await mail.book(inMinutes(minutes));
  await mail.world
    .db`UPDATE bookings SET updated_at = now() - interval '10 days' WHERE id = ${made.booking.id}`;
  return made;
};

describe("the reminders of a booking", () => {
  test("are made once, due as long before its start as is set", async () => {
    const { booking } = await mail.book(inMinutes(3 * 1440));
    expect([await plan(booking.id), await plan(booking.id)]).toEqual([2, 2]);
    expect((await waiting(booking.id)).map(({ dueAt }) => dueAt)).toEqual([
      new Date(booking.startsAt.getTime() - 1440 * minuteMs),
      new Date(booking.startsAt.getTime() - 15 * minuteMs),
    ]);
  });

  test("are those that are still ahead when it is made: one made just before its start has none", async () => {
    const today = await mail.book(inMinutes(300));
    const now = await mail.book(inMinutes(10));
    expect([await plan(today.booking.id), await plan(now.booking.id)]).toEqual([1, 0]);
    await cancelBooking(mail.world.app, mail.admin, { id: now.booking.id });
    expect((await waiting(today.booking.id)).map(({ minutesBefore }) => minutesBefore)).toEqual([15]);
  });

  test("follow a move, and a move back", async () => {
    const { booking } = await mail.book(inMinutes(4 * 1440));
    await plan(booking.id);
    const moved = inMinutes(5 * 1440);
    for (const startsAt of [moved, booking.startsAt]) {
      await rescheduleBooking(mail.world.app, mail.admin, { id: booking.id, startsAt });
      await plan(booking.id);
      expect((await waiting(booking.id)).map((one) => [one.startsAt, one.minutesBefore])).toEqual([
        [startsAt, 1440],
        [startsAt, 15],
      ]);
    }
  });

  test("follow a move when the planning of before and after it run at once", async () => {
    for (let round = 0; round < 5; round++) {
      const { booking } = await mail.book(inMinutes((10 + round) * 1440));
      const startsAt = inMinutes((10 + round) * 1440 + 120);
      await Promise.all([
        plan(booking.id),
        rescheduleBooking(mail.world.app, mail.admin, { id: booking.id, startsAt }).then(() =>
          plan(booking.id),
        ),
        plan(booking.id),
      ]);
      expect((await waiting(booking.id)).map((one) => one.startsAt)).toEqual([startsAt, startsAt]);
    }
  });

  test("wait for a move that is being written, and are made for the time that it leads to", async () => {
    const { booking } = await mail.book(inMinutes(30 * 1440));
    const startsAt = inMinutes(30 * 1440 - 60);
    let planned = false;
    let planning: Promise<void> = Promise.resolve();
    await mail.world.db.begin(async (sql) => {
      await sql`UPDATE bookings SET starts_at = ${startsAt} WHERE id = ${booking.id}`;
      planning = plan(booking.id).then(() => {
        planned = true;
      });
      await waitFor(
        async () =>
          planned ||
          (
            await sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
          ).length > 0,
        { what: "the planning to wait" },
      );
    });
    await planning;
    expect((await waiting(booking.id)).map((one) => one.startsAt)).toEqual([startsAt, startsAt]);
  });

  test("go with its cancellation, and come only with its acceptance", async () => {
    const { booking } = await mail.book(inMinutes(6 * 1440), { requiresApproval: true });
    expect(await plan(booking.id)).toBe(0);
    await acceptBooking(mail.world.app, mail.admin, { id: booking.id });
    expect(await plan(booking.id)).toBe(2);
    await cancelBooking(mail.world.app, mail.admin, { id: booking.id });
    expect(await plan(booking.id)).toBe(0);
    expect(await waiting(booking.id)).toEqual([]);
  });

  test("are not made for people without an address", async () => {
    const coach = await mail.world.makeCoach();
    const client = await mail.world.makeClient();
    const { booking } = await mail.world.makeBooking({ coach, client, inMinutes: 3 * 1440 });
    expect(await plan(booking.id)).toBe(0);
  });
});

describe("somebody who gets an address", () => {
  /** The planning that waits because of somebody, in the order of the bookings' starts. */
  const asked = (personId: string) => mail.world.db<{ id: string; payload: JobPayload }[]>`
    SELECT j.id, j.payload FROM jobs j JOIN bookings b ON b.id = (j.payload ->> 'bookingId')::uuid
    WHERE j.name = 'plan-reminders' AND j.id LIKE ${`%${personId}%`} ORDER BY b.starts_at`;
  const askedBookings = async (personId: string) =>
    (await asked(personId)).map(({ payload }) => payload.bookingId);
  /** Does that planning as a worker does. */
  const runAsked = async (personId: string): Promise<void> => {
    for (const { id, payload } of await asked(personId))
      await planRemindersJob.run(mail.world.app, { jobId: id, payload, requestId: "tests", attempt: 1 });
  };
  const setEmail = (side: Side, { id }: { id: string }, email: string | null) => {
    const input = { ref: id, changes: { email } };
    return side === "coach"
      ? updateCoach(mail.world.app, mail.admin, input)
      : updateClient(mail.world.app, mail.admin, input);
  };
  const newAddress = () => `${crypto.randomUUID()}@example.com`;

  test.each(["coach", "client"] as const)("as a %s has reminders of what is booked, once", async (side) => {
    const [coach, client] = [await mail.world.makeCoach(), await mail.world.makeClient()];
    const person = side === "coach" ? coach : client;
    const { booking } = await mail.world.makeBooking({ coach, client, inMinutes: 3 * 1440 });
    const { version } = await setEmail(side, person, newAddress());
    const ids = (await asked(person.id)).map(({ id }) => id);
    expect(ids).toEqual([`plan-reminders-${booking.id}-${person.id}-${version}`]);
    await runAsked(person.id);
    expect((await waiting(booking.id)).map(({ minutesBefore }) => minutesBefore)).toEqual([1440, 15]);
    for (const email of [newAddress(), null]) await setEmail(side, person, email);
    expect(await asked(person.id)).toHaveLength(1);
  });

  test("has them of accepted bookings that are yet to start, and of nobody else's", async () => {
    const client = await mail.world.makeClient();
    const pending = await mail.book(inMinutes(40 * 1440), { client, requiresApproval: true });
    const cancelled = await mail.book(inMinutes(41 * 1440), { client });
    await cancelBooking(mail.world.app, mail.admin, { id: cancelled.booking.id });
    const past = await mail.book(inMinutes(42 * 1440), { client });
    await mail.world.db`
      UPDATE bookings SET starts_at = now() - interval '1 minute' WHERE id = ${past.booking.id}`;
    await mail.book(inMinutes(43 * 1440), { client: await mail.world.makeClient() });
    const ahead = await mail.book(inMinutes(44 * 1440), { client });
    await setEmail("client", client, newAddress());
    expect(await askedBookings(client.id)).toEqual([ahead.booking.id]);
    expect(pending.booking.status).toBe("pending");
  });

  test("has them of the next 200 bookings at most", async () => {
    const [coach, client] = [await mail.world.makeCoach(), await mail.world.makeClient()];
    const rows = await mail.world.db<{ id: string }[]>`
      WITH made AS (
        INSERT INTO claims (id, coach_id, kind, starts_at, period)
        SELECT gen_random_uuid(), ${coach.id}, 'booking', at, tstzrange(at, at + interval '30 minutes')
        FROM (SELECT now() + make_interval(hours => n) AS at FROM generate_series(203, 1, -1) AS n) AS starts
        RETURNING id, period
      ), booked AS (
        INSERT INTO bookings (id, coach_id, client_id, status, starts_at, ends_at, claim_id)
        SELECT gen_random_uuid(), ${coach.id}, ${client.id}, 'accepted', lower(period), upper(period), id FROM made
        RETURNING id, starts_at
      )
      SELECT id FROM booked ORDER BY starts_at`;
    await setEmail("coach", coach, newAddress());
    expect(await askedBookings(coach.id)).toEqual(rows.slice(0, 200).map(({ id }) => id));
  });

  test("is sent at once what would have been sent by now, and nobody else is sent it again", async () => {
    const client = await mail.world.makeClient();
    const { booking } = await mail.book(inMinutes(1500), { client });
    await mail.world.db`UPDATE bookings SET updated_at = now() - interval '10 days' WHERE id = ${booking.id}`;
    const startsAt = inMinutes(700);
    await mail.world.db`UPDATE bookings SET starts_at = ${startsAt} WHERE id = ${booking.id}`;
    const term: RemindInput = { bookingId: booking.id, startsAt, minutesBefore: 1440 };
    expect(await remind(mail.world.app, term)).toEqual({ mails: 1 });
    const address = newAddress();
    await setEmail("client", client, address);
    await runAsked(client.id);
    const due = (await waiting(booking.id)).filter(({ dueAt }) => dueAt <= new Date());
    expect(due.map(({ minutesBefore }) => minutesBefore)).toEqual([1440]);
    for (const one of due) await remind(mail.world.app, one);
    expect(mail.server.arrived.map(({ to }) => to)).toEqual(["ada@example.com", address]);
  });
});

describe("a reminder", () => {
  const termOf = (
    { booking }: { booking: { id: string; startsAt: Date } },
    minutesBefore: number,
  ): RemindInput => ({ bookingId: booking.id, startsAt: booking.startsAt, minutesBefore });

  test("reaches both once, with a link and a time of their own", async () => {
    const term = termOf(await bookLongAgo(1000), 1440);
    for (let run = 0; run < 3; run++) expect(await remind(mail.world.app, term)).toEqual({ mails: 2 });
    const mails = mail.server.arrived.map(({ mail }) => mail);
    expect(mails.map(({ subject }) => subject?.split(":")[0])).toEqual(["Reminder", "Reminder"]);
    const links = mails.map(({ text }) => /https:\/\/hub\.example\/join\/\S+/.exec(text ?? "")?.[0]);
    expect(new Set(links).size).toBe(2);
    expect(mails.map(({ text }) => /\((\w+\/\w+),/.exec(text ?? "")?.[1] ?? "").toSorted()).toEqual([
      "America/New_York",
      "Europe/Berlin",
    ]);
  });

  test("is not sent once the session has moved, was cancelled or has begun", async () => {
    const [moved, cancelled, begun] = [
      await bookLongAgo(1100),
      await bookLongAgo(1200),
      await bookLongAgo(1300),
    ];
    const later = { id: moved.booking.id, startsAt: inMinutes(1150) };
    await rescheduleBooking(mail.world.app, mail.admin, later);
    await cancelBooking(mail.world.app, mail.admin, { id: cancelled.booking.id });
    await startSession(mail.world.app, mail.admin, { id: begun.session?.id ?? "" });
    for (const one of [moved, cancelled, begun])
      expect(await remind(mail.world.app, termOf(one, 1440))).toEqual({ mails: 0, silent: "superseded" });
    expect(mail.server.arrived).toEqual([]);
  });

  test("that comes too late is left to the next one, and after the start to none", async () => {
    const soon = await bookLongAgo(12);
    expect(await remind(mail.world.app, termOf(soon, 1440))).toEqual({ mails: 0, silent: "too_late" });
    expect(await remind(mail.world.app, termOf(soon, 15))).toEqual({ mails: 2 });
    const gone = await bookLongAgo(2000);
    const startsAt = new Date(Date.now() - minuteMs);
    await mail.world.db`UPDATE bookings SET starts_at = ${startsAt} WHERE id = ${gone.booking.id}`;
    const late = { bookingId: gone.booking.id, startsAt, minutesBefore: 15 };
    expect(await remind(mail.world.app, late)).toEqual({ mails: 0, silent: "too_late" });
    expect(mail.server.arrived).toHaveLength(2);
  });

  test("that was put off is not sent after the session was cancelled", async () => {
    const made = await bookLongAgo(1400);
    mail.server.rules.data = () => 451;
    await expect(remind(mail.world.app, termOf(made, 1440))).rejects.toMatchObject({ code: "unavailable" });
    await cancelBooking(mail.world.app, mail.admin, { id: made.booking.id });
    mail.server.rules.data = undefined;
    expect(await remind(mail.world.app, termOf(made, 1440))).toMatchObject({ silent: "superseded" });
    expect(mail.server.arrived).toEqual([]);
  });
});
