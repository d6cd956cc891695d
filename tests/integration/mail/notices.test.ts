import ICAL from "ical.js";
import { type VEvent, sync } from "node-ical";
import type { Email } from "postal-mime";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { findSession } from "../../../src/db/sessions.ts";
import { acceptBooking } from "../../../src/usecases/bookings/accept.ts";
import { cancelBooking } from "../../../src/usecases/bookings/cancel.ts";
import { declineBooking } from "../../../src/usecases/bookings/decline.ts";
import { rescheduleBooking } from "../../../src/usecases/bookings/reschedule.ts";
import { releaseLapsed } from "../../../src/usecases/lanes/lapse.ts";
import { listEntriesToMail, notify } from "../../../src/usecases/mail/notify.ts";
import { closeOverdueSessions } from "../../../src/usecases/sessions/close-overdue.ts";
import { markNoShow } from "../../../src/usecases/sessions/no-show.ts";
import { endSession } from "../../../src/usecases/sessions/end.ts";
import { startSession } from "../../../src/usecases/sessions/start.ts";
import { type MailWorld, createMailWorld } from "../../support/mail.ts";
import { type PastSession, type PastVisit, makePastSession } from "../../support/past-session.ts";

let mail: MailWorld;

beforeAll(async () => {
  mail = await createMailWorld();
});

afterAll(() => mail.close());

beforeEach(async () => {
  await mail.notifyAll();
  mail.server.arrived.splice(0);
});

const toCoach = (): Email[] => mail.server.to("ada@example.com");
const toClient = (): Email[] => mail.server.to("maya@example.com");
const kinds = async (): Promise<string[]> =>
  (await mail.world.db<{ kind: string }[]>`SELECT kind FROM mails ORDER BY id`).map(({ kind }) => kind);

/** The words of a mail, HTML as it reads, without what is only for machines. */
const wordsOf = (html: string | undefined): string =>
  (html ?? "")
    .replaceAll(/<(style|title)>.*?<\/\1>|<[^>]*>/gs, " ")
    .replaceAll("&#39;", "'")
    .replaceAll("&gt;", ">")
    .replaceAll("&lt;", "<")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")
    .replaceAll(/\s+/g, " ");

/** The calendar part of a mail as two libraries read it that did not write it. */
const inviteOf = (email: Email | undefined) => {
  const part = email?.attachments.find(({ mimeType }) => mimeType === "text/calendar");
  const file = email?.attachments.find(({ filename }) => filename === "invite.ics");
  const read = (content: unknown): string =>
    typeof content === "string" ? content : new TextDecoder().decode(content as ArrayBuffer);
  const ics = read(part?.content ?? file?.content ?? "");
  const event = Object.values(sync.parseICS(ics)).find((one): one is VEvent => one?.type === "VEVENT");
  const strict = new ICAL.Component(ICAL.parse(ics) as unknown[]);
  const vevent = strict.getFirstSubcomponent("vevent");
  return {
    ics,
    method: strict.getFirstPropertyValue("method"),
    partMethod: part?.method,
    file: file && read(file.content),
    uid: event?.uid,
    sequence: Number(event?.sequence),
    start: event?.start.toISOString(),
    end: event?.end?.toISOString(),
    status: event?.status,
    location: JSON.stringify(event?.location ?? null),
    organizer: String(vevent?.getFirstPropertyValue("organizer")).toLowerCase(),
    attendee: String(vevent?.getFirstPropertyValue("attendee")).toLowerCase(),
    answered: vevent?.getFirstProperty("attendee")?.getParameter("partstat"),
  };
};

describe("a booking", () => {
  test("that is accepted is mailed to both, each on their own clocks, with an invitation of their own", async () => {
    const { booking } = await mail.book("2030-01-07T09:00:00Z", { title: "Career talk" });
    await mail.notifyAll();
    const [coach, client] = [toCoach()[0], toClient()[0]];
    expect([toCoach().length, toClient().length]).toEqual([1, 1]);
    const berlin = "Monday, 7 January 2030, 10:00–10:30 (Europe/Berlin, GMT+1)";
    const newYork = "Monday, 7 January 2030, 04:00–04:30 (America/New_York, GMT-5)";
    for (const [email, time, other] of [
      [coach, berlin, "Maya Brandt"],
      [client, newYork, "Ada Okafor"],
    ] as const) {
      expect(email?.text).toContain(time);
      expect(wordsOf(email?.html)).toContain(time);
      expect(email?.subject).toContain(`Career talk with ${other}`);
      expect(email?.from).toMatchObject({ name: "Courtside", address: "bookings@hub.example" });
      const invite = inviteOf(email);
      expect(invite).toMatchObject({
        method: "REQUEST",
        partMethod: "REQUEST",
        uid: `booking-${booking.id}@hub.example`,
        sequence: 0,
        start: "2030-01-07T09:00:00.000Z",
        end: "2030-01-07T09:30:00.000Z",
        status: "CONFIRMED",
        organizer: "mailto:bookings@hub.example",
        attendee: `mailto:${email?.to?.[0]?.address}`,
        answered: "ACCEPTED",
      });
      expect(invite.file).toBe(invite.ics);
      expect(email?.text).toContain(JSON.parse(invite.location));
    }
    expect(inviteOf(coach).location).not.toBe(inviteOf(client).location);
    expect(JSON.stringify(client)).not.toContain("ada@example.com");
    expect(JSON.stringify(coach)).not.toContain("maya@example.com");
  });

  test("is told on the clocks that run on its day, whatever they show on the day of the mail", async () => {
    await mail.book("2030-07-08T08:00:00Z");
    // The one week in which New York has moved its clocks and Berlin has not.
    await mail.book("2030-03-20T09:00:00Z");
    // Through the night in which Berlin goes back to winter.
    await mail.book("2030-10-27T00:45:00Z");
    await mail.notifyAll();
    expect(toCoach().map(({ text }) => /When: +(.*)/.exec(text ?? "")?.[1])).toEqual([
      "Monday, 8 July 2030, 10:00–10:30 (Europe/Berlin, GMT+2)",
      "Wednesday, 20 March 2030, 10:00–10:30 (Europe/Berlin, GMT+1)",
      "Sunday, 27 October 2030, 02:45–02:15 (Europe/Berlin, GMT+2 to GMT+1)",
    ]);
    expect(toClient().map(({ text }) => /When: +(.*)/.exec(text ?? "")?.[1])).toEqual([
      "Monday, 8 July 2030, 04:00–04:30 (America/New_York, GMT-4)",
      "Wednesday, 20 March 2030, 05:00–05:30 (America/New_York, GMT-4)",
      "Saturday, 26 October 2030, 20:45–21:15 (America/New_York, GMT-4)",
    ]);
  });

  test("stays one appointment through a move and a cancellation: one id, a sequence that grows", async () => {
    const { booking } = await mail.book("2030-02-04T09:00:00Z");
    await mail.notifyAll();
    await rescheduleBooking(mail.world.app, mail.admin, {
      id: booking.id,
      startsAt: new Date("2030-02-05T12:00:00Z"),
    });
    await mail.notifyAll();
    await cancelBooking(mail.world.app, mail.admin, { id: booking.id, reason: "Ill.\nSorry & <b>all</b>" });
    await mail.notifyAll();
    for (const mails of [toCoach(), toClient()]) {
      const invites = mails.map(inviteOf);
      expect(invites.map(({ method, sequence, status }) => [method, sequence, status])).toEqual([
        ["REQUEST", 0, "CONFIRMED"],
        ["REQUEST", 1, "CONFIRMED"],
        ["CANCEL", 2, "CANCELLED"],
      ]);
      expect(new Set(invites.map(({ uid }) => uid)).size).toBe(1);
      expect(new Set(invites.map(({ organizer }) => organizer)).size).toBe(1);
      expect(invites.map(({ start }) => start)).toEqual([
        "2030-02-04T09:00:00.000Z",
        "2030-02-05T12:00:00.000Z",
        "2030-02-05T12:00:00.000Z",
      ]);
    }
    const [, moved, cancelled] = toCoach();
    expect(moved?.text).toContain("Before:    Monday, 4 February 2030, 10:00 (Europe/Berlin, GMT+1)");
    expect(cancelled?.text).toContain("> Ill.\n> Sorry & <b>all</b>");
    expect(cancelled?.html).toContain("Sorry &amp; &lt;b&gt;all&lt;/b&gt;");
    expect(cancelled?.text).not.toContain("/join/");
  });

  test("that asks for approval is put to the coach, and the answer to the client", async () => {
    const at = (day: number) => `2030-04-0${day}T09:00:00Z`;
    const asked = await Promise.all([1, 2, 3].map((day) => mail.book(at(day), { requiresApproval: true })));
    await mail.notifyAll();
    expect(toCoach().map(({ subject }) => subject?.split(":")[0])).toEqual(
      Array.from({ length: 3 }, () => "Please answer"),
    );
    expect(toCoach()[0]?.text).toMatch(/Answer by: .*\(Europe\/Berlin, GMT/);
    expect(toClient()[0]?.subject).toMatch(/^Request received: Career talk with Ada Okafor/);
    expect(toClient()[0]?.text).toMatch(/Answer by: .*\(America\/New_York, GMT/);
    expect(toClient()[0]?.text).not.toContain("/join/");
    expect(toClient()[0]?.attachments).toEqual([]);
    mail.server.arrived.splice(0);

    const [one, two, three] = asked.map(({ booking }) => booking.id);
    await acceptBooking(mail.world.app, mail.admin, { id: one ?? "" });
    await declineBooking(mail.world.app, mail.admin, { id: two ?? "", reason: "On holiday" });
    await cancelBooking(mail.world.app, mail.admin, { id: three ?? "" });
    await mail.notifyAll();
    expect(toClient().map(({ subject }) => subject?.split(":")[0])).toEqual([
      "Booked",
      "Declined",
      "Cancelled",
    ]);
    expect(toCoach().map(({ subject }) => subject?.split(":")[0])).toEqual(["Booked", "Cancelled"]);
    expect(inviteOf(toClient()[0])).toMatchObject({ method: "REQUEST", sequence: 1 });
    expect(toClient()[1]?.text).toContain("> On holiday");
    // Never accepted, it has never been in a calendar.
    expect(toClient()[2]?.attachments).toEqual([]);
  });

  test("that nobody answered in time is told to the client alone", async () => {
    const { booking } = await mail.book("2030-04-10T09:00:00Z", { requiresApproval: true });
    await mail.notifyAll();
    mail.server.arrived.splice(0);
    await mail.world.db`
      UPDATE claims SET expires_at = now() - interval '1 second'
      WHERE id = (SELECT claim_id FROM bookings WHERE id = ${booking.id})`;
    await releaseLapsed(mail.world.app);
    await mail.notifyAll();
    expect(toClient().map(({ subject }) => subject?.split(":")[0])).toEqual(["Not confirmed"]);
    expect(toCoach()).toEqual([]);
  });

  test("held elsewhere leads there: to a page, or to a place that is no link", async () => {
    await mail.book("2030-05-01T09:00:00Z", {
      location: { kind: "url", value: "https://meet.example/ada?a=1&b=2" },
    });
    await mail.book("2030-05-02T09:00:00Z", { location: { kind: "in_person", value: "Main St 1, Berlin" } });
    await mail.book("2030-05-03T09:00:00Z", { location: { kind: "url", value: "javascript:alert(1)" } });
    await mail.notifyAll();
    const [page, place, script] = toClient();
    expect(inviteOf(page).location).toBe('"https://meet.example/ada?a=1&b=2"');
    expect(page?.html).toContain('href="https://meet.example/ada?a=1&amp;b=2"');
    expect(inviteOf(place).location).toBe('"Main St 1, Berlin"');
    expect([place, script].map((email) => email?.html?.includes("href="))).toEqual([false, false]);
  });
});

describe("a session", () => {
  const soon = (minutes: number): Date => new Date(Date.now() + minutes * 60_000);

  test("that started is told only to who is not in its room, and its end to both", async () => {
    const { session } = await mail.book(soon(60 * 24 * 30));
    await mail.notifyAll();
    mail.server.arrived.splice(0);
    const id = session?.id ?? "";
    await mail.world.db`
      INSERT INTO attendance (id, session_id, participant_id, role, name, joined_at)
      VALUES (${crypto.randomUUID()}, ${id}, ${mail.coach.id}, 'coach', 'Ada', now())`;
    await startSession(mail.world.app, mail.admin, { id });
    await mail.notifyAll();
    expect([toCoach().length, toClient().map(({ subject }) => subject)]).toEqual([
      0,
      ["Started: Coaching session with Ada Okafor"],
    ]);
    expect(toClient()[0]?.text).toContain("https://hub.example/join/");
    await endSession(mail.world.app, mail.admin, { id });
    await mail.notifyAll();
    expect(toCoach().map(({ subject }) => subject)).toEqual(["Thank you: Coaching session with Maya Brandt"]);
    expect(toClient()).toHaveLength(2);
    expect(toClient()[1]?.attachments).toEqual([]);
  });

  test("that did not take place says who was missed", async () => {
    const { session } = await mail.book(soon(60 * 24 * 31));
    await mail.notifyAll();
    mail.server.arrived.splice(0);
    const id = session?.id ?? "";
    await mail.world
      .db`UPDATE sessions SET starts_at = now() - interval '1 minute', ends_at = now() + interval '29 minutes' WHERE id = ${id}`;
    await markNoShow(mail.world.app, mail.admin, { id, absent: "client" });
    const entryId = crypto.randomUUID();
    await notify(mail.world.app, { entryId, type: "session.no_show", sessionId: id });
    expect(toCoach()[0]?.text).toContain("Maya Brandt did not come.");
    expect(toClient()[0]?.text).toContain("Ada Okafor was there, and you were missed.");
  });

  const visitOf = (role: PastVisit["role"], from: number, until: number): PastVisit => ({
    role,
    from,
    until,
  });

  test.each<[string, "nobody" | "missed", Pick<PastSession, "startedIn" | "visits">]>([
    ["nobody came", "nobody", {}],
    ["a guest came alone", "nobody", { visits: [visitOf("guest", -120, -100)] }],
    [
      "each came and they missed one another",
      "missed",
      { visits: [visitOf("coach", -120, -110), visitOf("client", -100, -80)] },
    ],
    ["one of them looked in", "missed", { startedIn: -120, visits: [visitOf("coach", -120, -119.8)] }],
  ])("that both were absent from tells nobody who came that they did not: %s", async (_, came, past) => {
    const address = `${crypto.randomUUID()}@example.com`;
    const coach = await mail.world.makeCoach({ email: address });
    const made = await makePastSession(mail.world, { startsIn: -120, endsIn: -90, coach, ...past });
    await mail.notifyAll();
    expect(await closeOverdueSessions(mail.world.app)).toBe(1);
    expect((await findSession(mail.world.db, made.id))?.absent).toBe("both");
    await mail.notifyAll();
    const text = mail.server.to(address).at(-1)?.text;
    const { name } = made.client;
    expect(text).toContain(
      came === "nobody"
        ? `Neither you nor ${name} came.`
        : `You and ${name} were not there together for long enough.`,
    );
  });

  test("that is cancelled is told once, with its booking", async () => {
    const { booking } = await mail.book(soon(60 * 24 * 32));
    await mail.notifyAll();
    mail.server.arrived.splice(0);
    await cancelBooking(mail.world.app, mail.admin, { id: booking.id });
    const outcomes = await mail.notifyAll();
    expect(toClient()).toHaveLength(1);
    expect(outcomes).toContainEqual({ mails: 0, silent: "nobody_concerned" });
  });
});

describe("what was overtaken before it could be told", () => {
  test("a booking that is cancelled by then is told as cancelled, and not as booked first", async () => {
    const { booking } = await mail.book("2030-06-03T09:00:00Z");
    await cancelBooking(mail.world.app, mail.admin, { id: booking.id });
    const outcomes = await mail.notifyAll();
    expect(outcomes[0]).toEqual({ mails: 0, silent: "superseded" });
    expect(toClient().map((email) => inviteOf(email).method)).toEqual(["CANCEL"]);
  });

  test("a booking that has moved by then is told once as it stands, in whichever order its entries come", async () => {
    for (const reversed of [false, true]) {
      mail.server.arrived.splice(0);
      const { booking } = await mail.book(`2030-06-0${reversed ? 4 : 5}T09:00:00Z`);
      await rescheduleBooking(mail.world.app, mail.admin, {
        id: booking.id,
        startsAt: new Date(`2030-06-1${reversed ? 4 : 5}T09:00:00Z`),
      });
      const entries = await mail.entries();
      for (const entry of reversed ? entries.toReversed() : entries) await notify(mail.world.app, entry);
      const invites = toClient().map(inviteOf);
      expect(invites.map(({ method, sequence, start }) => [method, sequence, start])).toEqual([
        ["REQUEST", 1, `2030-06-1${reversed ? 4 : 5}T09:00:00.000Z`],
      ]);
    }
  });
});

describe("people without an address", () => {
  test("get no mail, and entries that concern only them are known for it in one question", async () => {
    const silent = await mail.world.makeClient();
    await mail.book("2030-08-05T09:00:00Z", { client: silent });
    const [withCoach] = await mail.entries();
    const coach = await mail.world.makeCoach();
    const { booking } = await mail.world.makeBooking({ coach, client: silent, inMinutes: 60 * 24 });
    await cancelBooking(mail.world.app, mail.admin, { id: booking.id });
    const [without, cancelled, session] = await mail.entries();
    const asked = [withCoach, without, cancelled, session].map((entry) => ({
      id: entry?.entryId ?? "",
      type: entry?.type ?? ("summary.ready" as const),
      payload: {
        ...(entry?.bookingId === undefined ? {} : { bookingId: entry.bookingId }),
        ...(entry?.sessionId === undefined ? {} : { sessionId: entry.sessionId }),
      },
    }));
    expect(await listEntriesToMail(mail.world.app.sql, asked)).toEqual(new Set([withCoach?.entryId]));
    expect(await listEntriesToMail(mail.world.app.sql, [])).toEqual(new Set());
    await notify(mail.world.app, withCoach ?? { entryId: "", type: "summary.ready" });
    expect(mail.server.arrived.map(({ to }) => to)).toEqual(["ada@example.com"]);
  });
});

test("names cannot break out of the lines they stand in, in headers, HTML or calendar", async () => {
  const name = `Eve" <evil@example.com>, "Bcc: x@example.com; CN=y:\\n <img src=x onerror=alert(1)>\u2028é`;
  const eve = await mail.world.makeClient({ name, email: "eve@example.com" });
  await mail.book("2030-09-02T09:00:00Z", { client: eve, title: "a, b; c: <d>\\, ü 🎾".repeat(9) });
  await mail.notifyAll();
  const [email] = mail.server.to("eve@example.com");
  expect(mail.server.arrived.map(({ to }) => to).toSorted()).toEqual(["ada@example.com", "eve@example.com"]);
  expect(email?.to).toEqual([{ name, address: "eve@example.com" }]);
  expect(email?.bcc).toBeUndefined();
  expect(inviteOf(email)).toMatchObject({ attendee: "mailto:eve@example.com", answered: "ACCEPTED" });
  const [coach] = toCoach();
  expect(coach?.html).not.toContain("<img");
  expect(wordsOf(coach?.html)).toContain("<img src=x onerror=alert(1)>");
  const invite = inviteOf(coach);
  expect(invite).toMatchObject({ attendee: "mailto:ada@example.com", sequence: 0 });
  expect(
    Math.max(...invite.ics.split(/\r?\n/).map((line) => new TextEncoder().encode(line).length)),
  ).toBeLessThanOrEqual(75);
  expect(await kinds()).toContain("booking.accepted");
});
