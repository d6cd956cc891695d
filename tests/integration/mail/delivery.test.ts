import { Writable } from "node:stream";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { updateMailTaken } from "../../../src/db/mails.ts";
import { createMail } from "../../../src/outbound/create-mail.ts";
import type { App } from "../../../src/usecases/app.ts";
import { cancelBooking } from "../../../src/usecases/bookings/cancel.ts";
import { rescheduleBooking } from "../../../src/usecases/bookings/reschedule.ts";
import { type NoticeInput, notify } from "../../../src/usecases/mail/notify.ts";
import { type MailWorld, createMailWorld } from "../../support/mail.ts";
import { waitFor } from "../../support/wait.ts";

let mail: MailWorld;
let logged: string;
let app: App;

beforeEach(async () => {
  mail = await createMailWorld();
  logged = "";
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      logged += chunk.toString();
      done();
    },
  });
  app = { ...mail.world.app, log: pino({ level: "trace" }, sink) };
});

afterEach(() => mail.close());

const later = { code: "unavailable", kind: "unavailable" };

/** The entry of a booking that was just made. */
const booked = async (): Promise<NoticeInput & { bookingId: string }> => {
  const { booking } = await mail.book("2030-01-07T09:00:00Z");
  const entries = await mail.entries();
  const entry = entries.find(({ type }) => type === "booking.accepted");
  if (!entry) throw new Error("a booking that is made says so");
  return { ...entry, bookingId: booking.id };
};

const stored = () =>
  mail.world.db<{ to: string; status: string; attempts: number; error: string | null; messageId: string }[]>`
    SELECT to_address AS to, status, attempts, last_error AS error, message_id FROM mails ORDER BY to_address`;

describe("a mail", () => {
  test("that has gone does not go again, however often its job runs", async () => {
    const entry = await booked();
    for (let run = 0; run < 3; run++) expect(await notify(app, entry)).toEqual({ mails: 2 });
    expect(mail.server.arrived).toHaveLength(2);
    expect(await stored()).toMatchObject([
      { status: "sent", attempts: 1 },
      { status: "sent", attempts: 1 },
    ]);
  });

  test("that has gone can be taken for no attempt, by whoever saw it waiting a moment ago", async () => {
    await notify(app, await booked());
    const [mailed] = await mail.world.db<{ id: string }[]>`SELECT id FROM mails`;
    expect(await updateMailTaken(app.sql, mailed?.id ?? "", 1000)).toBeNull();
  });

  test("goes once when its job runs several times at the same moment", async () => {
    const entry = await booked();
    const { promise, resolve } = Promise.withResolvers<void>();
    mail.server.rules.beforeTaking = () => promise;
    const runs = Array.from({ length: 4 }, () => notify(app, entry));
    const settled = Promise.allSettled(runs);
    // All but the one that has the mails in hand are told to come back.
    await expect(
      Promise.any(
        runs.map((run) =>
          run.then(
            () => Promise.reject(new Error("done")),
            () => true,
          ),
        ),
      ),
    ).resolves.toBe(true);
    resolve();
    const outcomes = await settled;
    expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBeLessThanOrEqual(1);
    await waitFor(async () => (await stored()).every(({ status }) => status === "sent"), {
      what: "both sent",
    });
    expect(mail.server.arrived).toHaveLength(2);
    expect(await notify(app, entry)).toEqual({ mails: 2 });
    expect(mail.server.arrived).toHaveLength(2);
  });

  test("that is put off is tried again as the very same, while the other's has gone", async () => {
    const entry = await booked();
    const raws: string[] = [];
    mail.server.rules.data = (to) => (to === "ada@example.com" ? 451 : undefined);
    await expect(notify(app, entry)).rejects.toMatchObject(later);
    expect(mail.server.arrived.map(({ to }) => to)).toEqual(["maya@example.com"]);
    const [ada] = await stored();
    expect(ada).toMatchObject({
      status: "pending",
      attempts: 1,
      error: expect.stringContaining("451") as string,
    });
    mail.server.rules.data = undefined;
    // What would be written differently now is not: the mail is the one that was written.
    await mail.world.db`UPDATE coaches SET name = 'Somebody Else', time_zone = 'Asia/Tokyo'`;
    await notify(app, entry);
    raws.push(...mail.server.arrived.filter(({ to }) => to === "ada@example.com").map(({ raw }) => raw));
    expect(raws).toHaveLength(1);
    const [arrived] = mail.server.to("ada@example.com");
    expect(arrived?.messageId).toBe(ada?.messageId);
    expect(arrived?.text).toContain("Europe/Berlin");
    expect(arrived?.to).toEqual([{ name: "Ada Okafor", address: "ada@example.com" }]);
    expect(mail.server.arrived).toHaveLength(2);
  });

  test("whose sender died between the server's OK and the note of it goes again under one Message-ID, byte for byte", async () => {
    const entry = await booked();
    await notify(app, entry);
    await mail.world.db`
      UPDATE mails SET status = 'pending', sent_at = NULL, sending_until = now() + interval '1 hour'`;
    // While the lease runs nobody else takes it.
    await expect(notify(app, entry)).rejects.toMatchObject(later);
    expect(mail.server.arrived).toHaveLength(2);
    await mail.world.db`UPDATE mails SET sending_until = now() - interval '1 second'`;
    await notify(app, entry);
    const raws = mail.server.arrived.filter(({ to }) => to === "ada@example.com").map(({ raw }) => raw);
    expect(raws).toHaveLength(2);
    expect(raws[1]).toBe(raws[0]);
    const ids = mail.server.to("ada@example.com").map(({ messageId }) => messageId);
    const id = `<${entry.entryId}.${mail.coach.id}@hub.example>`;
    expect(ids).toEqual([id, id]);
  });

  test("that is refused for good is not tried again, and stops nobody else's", async () => {
    const entry = await booked();
    mail.server.rules.rcpt = (address) => (address === "maya@example.com" ? 550 : undefined);
    expect(await notify(app, entry)).toEqual({ mails: 2 });
    expect(await stored()).toMatchObject([
      { to: "ada@example.com", status: "sent" },
      { to: "maya@example.com", status: "failed", error: expect.stringContaining("550") as string },
    ]);
    mail.server.rules.rcpt = undefined;
    await notify(app, entry);
    expect(mail.server.arrived).toHaveLength(1);
  });

  test("waits for a server that is away, and is given up by no failure of that kind", async () => {
    const entry = await booked();
    const away = { ...app, mail: createMail({ ...app.config, smtpUrl: "smtp://127.0.0.1:1" }, app.log) };
    for (let run = 0; run < 2; run++) await expect(notify(away, entry)).rejects.toMatchObject(later);
    await away.mail.close();
    expect(await stored()).toMatchObject([
      { status: "pending", attempts: 2 },
      { status: "pending", attempts: 2 },
    ]);
    await notify(app, entry);
    expect(mail.server.arrived).toHaveLength(2);
  });

  test("that has not gone when its booking changes again never goes: the next one tells what is true", async () => {
    const first = await booked();
    mail.server.rules.data = () => 451;
    await expect(notify(app, first)).rejects.toMatchObject(later);
    await rescheduleBooking(app, mail.admin, {
      id: first.bookingId,
      startsAt: new Date("2030-01-08T09:00:00Z"),
    });
    const [second] = await mail.entries();
    await expect(notify(app, second ?? first)).rejects.toMatchObject(later);
    await cancelBooking(app, mail.admin, { id: first.bookingId });
    mail.server.rules.data = undefined;
    for (const entry of [first, ...(second ? [second] : []), ...(await mail.entries())])
      await notify(app, entry);
    expect(mail.server.arrived.map(({ mail: { subject } }) => subject?.split(":")[0])).toEqual([
      "Cancelled",
      "Cancelled",
    ]);
    expect((await stored()).map(({ status }) => status).toSorted()).toEqual([
      ...Array.from({ length: 4 }, () => "failed"),
      "sent",
      "sent",
    ]);
  });
});

describe("a mail whose booking moves", () => {
  const nextDay = new Date("2030-01-08T09:00:00Z");

  test("after it was written cannot be taken, however its job began", async () => {
    const entry = await booked();
    mail.server.rules.data = () => 451;
    await expect(notify(app, entry)).rejects.toMatchObject(later);
    const waiting = await mail.world.db<{ id: string }[]>`SELECT id FROM mails WHERE status = 'pending'`;
    expect(waiting).toHaveLength(2);
    await rescheduleBooking(app, mail.admin, { id: entry.bookingId, startsAt: nextDay });
    for (const { id } of waiting) expect(await updateMailTaken(app.sql, id, 1000)).toBeNull();
  });

  test("while its job runs is given up, and its job is done", async () => {
    const entry = await booked();
    const { tokens } = mail.world.app;
    // Facts have been read when links are signed, and nothing has been written.
    let moved: Promise<unknown> | null = null;
    const signJoinLink: typeof tokens.signJoinLink = async (...input) => {
      moved ??= rescheduleBooking(mail.world.app, mail.admin, { id: entry.bookingId, startsAt: nextDay });
      await moved;
      return tokens.signJoinLink(...input);
    };
    const slow = { ...app, tokens: { ...tokens, signJoinLink } };
    expect(await notify(slow, entry)).toEqual({ mails: 2 });
    expect(mail.server.arrived).toEqual([]);
    expect(await stored()).toMatchObject([
      { status: "failed", attempts: 0, error: "no longer true when it could be sent" },
      { status: "failed", attempts: 0, error: "no longer true when it could be sent" },
    ]);
    for (const next of await mail.entries()) await notify(app, next);
    expect(mail.server.to("maya@example.com").map(({ subject }) => subject)).toEqual([
      expect.stringContaining("8 Jan 2030"),
    ]);
  });
});

test("a mail that tells of a booking is kept with its person and the version it tells of, or not at all", async () => {
  await notify(app, await booked());
  for (const column of ["person_id", "booking_id", "booking_version"])
    await expect(mail.world.db`UPDATE mails SET ${mail.world.db(column)} = NULL`).rejects.toMatchObject({
      code: "23514",
    });
});

test("without SMTP_URL mails are written, kept, and sent nowhere", async () => {
  const entry = await booked();
  const quiet = { ...app, mail: createMail({ ...app.config, smtpUrl: null }, app.log) };
  expect(await notify(quiet, entry)).toEqual({ mails: 2 });
  expect(await stored()).toMatchObject([{ status: "kept" }, { status: "kept" }]);
  expect(logged).toContain("booking.accepted");
  await notify(app, entry);
  expect(mail.server.arrived).toEqual([]);
});

test("no log line holds a name, an address, a link or words of a mail, whatever comes of it", async () => {
  const entry = await booked();
  const quiet = { ...app, mail: createMail({ ...app.config, smtpUrl: null }, app.log) };
  mail.server.rules.rcpt = (address) => (address === "maya@example.com" ? 550 : 450);
  const failure: unknown = await notify(app, entry).catch((error: unknown) => error);
  app.log.error({ err: failure }, "a job failed");
  mail.server.rules.rcpt = undefined;
  await notify(app, entry);
  await cancelBooking(app, mail.admin, { id: entry.bookingId, reason: "secret reason" });
  for (const next of await mail.entries()) await notify(quiet, next);
  await notify(app, entry);
  expect(logged.split("\n").length).toBeGreaterThan(6);
  expect(logged).not.toMatch(/example\.com|Ada|Maya|Okafor|Brandt|\/join\/|secret reason|Booked|Coaching/);
});
