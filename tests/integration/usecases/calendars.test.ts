import type { ServerResponse } from "node:http";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { lockNames } from "../../../src/db/locks.ts";
import type { Coach } from "../../../src/domain/coach.ts";
import type { ExternalCalendar } from "../../../src/domain/external-calendar.ts";
import { bookSession } from "../../../src/usecases/bookings/book.ts";
import { rescheduleBooking } from "../../../src/usecases/bookings/reschedule.ts";
import { claimDueCalendars } from "../../../src/usecases/calendars/claim-due.ts";
import { deleteCalendar } from "../../../src/usecases/calendars/delete.ts";
import { readCalendar } from "../../../src/usecases/calendars/read.ts";
import { subscribeCalendar } from "../../../src/usecases/calendars/subscribe.ts";
import { syncCalendar } from "../../../src/usecases/calendars/sync.ts";
import type { RequestContext } from "../../../src/usecases/context.ts";
import { updateCoach } from "../../../src/usecases/coaches/update.ts";
import { laneOfCoach } from "../../../src/usecases/lanes/job.ts";
import { explainSlot } from "../../../src/usecases/slots/explain.ts";
import { listSlots } from "../../../src/usecases/slots/list.ts";
import { type TestApp, createTestApp } from "../../support/app.ts";
import { type FeedServer, startFeedServer } from "../../support/feed-server.ts";
import { calendar, event, manyEvents } from "../../support/feeds.ts";
import { waitFor } from "../../support/wait.ts";

let world: TestApp;
let second: TestApp;
let elsewhere: FeedServer;
let coach: Coach;

const env = { ALLOW_PRIVATE_TARGETS: "true" };
const admin: RequestContext = {
  principal: { kind: "key", id: "00000000-0000-7000-8000-000000000000", name: "tests", scope: "admin" },
  requestId: "tests",
};

beforeAll(async () => {
  world = await createTestApp(env);
  second = await createTestApp(env, world);
});

afterAll(async () => {
  await second.close();
  await world.close();
});

beforeEach(async () => {
  elsewhere = await startFeedServer();
  coach = await world.makeCoach();
  await world.db`DELETE FROM jobs`;
});

afterEach(async () => {
  await elsewhere.close();
  await world.db`DELETE FROM calendars`;
});

/** Noon, UTC, so many days from now. */
const noon = (days: number): Date => {
  const at = new Date(Date.now() + days * 24 * 3_600_000);
  at.setUTCHours(12, 0, 0, 0);
  return at;
};
const icalTime = (at: Date): string => at.toISOString().replaceAll(/[-:]|\.\d{3}/g, "");
const busyAt = (...starts: Date[]): string =>
  calendar(...starts.map((at, index) => event(`UID:${index}`, `DTSTART:${icalTime(at)}`, "DURATION:PT1H")));

const subscribe = (path = "/feed.ics"): Promise<ExternalCalendar> =>
  subscribeCalendar(world.app, admin, { coachId: coach.id, url: `${elsewhere.url}${path}` });
const sync = ({ id }: ExternalCalendar, app = world.app) =>
  syncCalendar(app, { calendarId: id, requestId: "tests" });
const read = ({ id }: ExternalCalendar): Promise<ExternalCalendar> =>
  readCalendar(world.app, admin, { coachId: coach.id, calendarId: id });
const book = async (startsAt: Date, durationMinutes = 30) =>
  bookSession(world.app, admin, {
    coachId: coach.id,
    clientId: (await world.makeClient()).id,
    startsAt,
    durationMinutes,
  });
const reasonsAt = async (startsAt: Date): Promise<string[]> => {
  const { coaches } = await explainSlot(world.app, admin, {
    coachId: coach.id,
    startsAt,
    durationMinutes: 30,
  });
  return coaches.flatMap(({ reasons }) => reasons.map(({ code }) => code));
};
const isOffered = async (startsAt: Date): Promise<boolean> => {
  const { slots } = await listSlots(world.app, {
    coachId: coach.id,
    from: startsAt,
    to: new Date(startsAt.getTime() + 30 * 60_000),
    durationMinutes: 30,
  });
  return slots.some((slot) => slot.start === startsAt.getTime());
};
const periodsOf = async ({ id }: ExternalCalendar): Promise<string[]> => {
  const rows = await world.db<{ at: Date }[]>`
    SELECT lower(period) AS at FROM busy_periods WHERE calendar_id = ${id} ORDER BY 1`;
  return rows.map(({ at }) => at.toISOString());
};

describe("what a calendar elsewhere says is busy", () => {
  test("is not offered, is explained, is refused, and is free again when the calendar goes", async () => {
    const at = noon(3);
    const subscribed = await subscribe();
    expect(await isOffered(at)).toBe(true);
    elsewhere.answer(busyAt(at));
    expect(await sync(subscribed)).toBe("read");
    expect(await isOffered(at)).toBe(false);
    expect(await reasonsAt(at)).toEqual(["external_busy"]);
    await expect(book(at)).rejects.toMatchObject({
      code: "slot_unavailable",
      facts: { reason: "external_busy" },
    });
    expect(await read(subscribed)).toMatchObject({ busyPeriodCount: 1, stale: false, lastError: null });
    await deleteCalendar(world.app, admin, { coachId: coach.id, calendarId: subscribed.id });
    expect(await isOffered(at)).toBe(true);
    await expect(book(at)).resolves.toMatchObject({ booking: { status: "accepted" } });
  });

  test("moves as the calendar does, and another calendar of the coach keeps what it says", async () => {
    const [first, other] = [await subscribe("/first"), await subscribe("/other")];
    elsewhere.answer(busyAt(noon(4)));
    await sync(other);
    elsewhere.answer(busyAt(noon(3), noon(5)));
    await sync(first);
    elsewhere.answer(busyAt(noon(5), noon(6)));
    await sync(first);
    expect(await periodsOf(first)).toEqual([noon(5), noon(6)].map((at) => at.toISOString()));
    expect(await Promise.all([3, 4, 5, 6].map((days) => isOffered(noon(days))))).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  test("leaves alone what is booked already", async () => {
    const { booking } = await book(noon(3));
    const subscribed = await subscribe();
    elsewhere.answer(busyAt(noon(3)));
    await sync(subscribed);
    const [row] = await world.db`SELECT status FROM bookings WHERE id = ${booking.id}`;
    expect(row).toEqual({ status: "accepted" });
  });

  test("is not the coach's own booking, whose invitation comes back with the calendar", async () => {
    const { booking } = await book(noon(3));
    const other = await world.makeCoach();
    const { booking: foreign } = await world.makeBooking({ coach: other, client: await world.makeClient() });
    const invitation = (id: string, at: Date) =>
      event(
        `UID:booking-${id}@${new URL(world.app.publicUrl()).hostname}`,
        `DTSTART:${icalTime(at)}`,
        "DURATION:PT30M",
      );
    const subscribed = await subscribe();
    elsewhere.answer(
      calendar(
        invitation(booking.id, noon(3)),
        invitation(foreign.id, noon(4)),
        event("UID:booking-7@elsewhere.example", `DTSTART:${icalTime(noon(5))}`, "DURATION:PT30M"),
      ),
    );
    expect(await sync(subscribed)).toBe("read");
    expect(await periodsOf(subscribed)).toEqual([noon(4), noon(5)].map((at) => at.toISOString()));
    const quarterLater = new Date(noon(3).getTime() + 15 * 60_000);
    await expect(
      rescheduleBooking(world.app, admin, { id: booking.id, startsAt: quarterLater }),
    ).resolves.toMatchObject({ booking: { startsAt: quarterLater } });
    await expect(
      rescheduleBooking(world.app, admin, { id: booking.id, startsAt: noon(4) }),
    ).rejects.toMatchObject({ facts: { reason: "external_busy" } });
  });

  test("is written only where it differs, be it 5,000 events", async () => {
    const subscribed = await subscribe();
    elsewhere.answer(manyEvents(5_000, noon(1)));
    await sync(subscribed);
    expect((await read(subscribed)).busyPeriodCount).toBe(5_000);
    const rows = () =>
      world.db`SELECT ctid::text, xmin::text FROM busy_periods WHERE calendar_id = ${subscribed.id}`;
    const before = await rows();
    await sync(subscribed);
    expect(await rows()).toEqual(before);
  });
});

describe("a coach's lane", () => {
  test("is waited for: nobody decides while periods are replaced", async () => {
    const subscribed = await subscribe();
    elsewhere.answer(busyAt(noon(3)));
    let isDone = false;
    const waiting = () =>
      world.db<{ count: number }[]>`
        SELECT count(*)::int AS count FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event = 'advisory'`;
    let syncing: Promise<unknown> = Promise.resolve();
    await world.db.begin(async (sql) => {
      await lockNames(sql, [laneOfCoach(coach.id)]);
      syncing = sync(subscribed).then(() => {
        isDone = true;
      });
      await waitFor(async () => isDone || (await waiting())[0]?.count === 1, { what: "the sync to wait" });
      expect(isDone).toBe(false);
      expect(await periodsOf(subscribed)).toEqual([]);
    });
    await syncing;
    expect(await periodsOf(subscribed)).toHaveLength(1);
  });

  test("sees all of a calendar or nothing of it, whatever is booked meanwhile", async () => {
    const subscribed = await subscribe();
    const days = Array.from({ length: 12 }, (_, index) => index + 2);
    elsewhere.answer(busyAt(...days.map(noon)));
    const [synced, ...booked] = await Promise.all([
      sync(subscribed, second.app),
      ...days.map((day) =>
        book(noon(day)).then(
          () => "booked",
          (error: unknown) => (error as { code: string }).code,
        ),
      ),
    ]);
    expect(synced).toBe("read");
    expect(booked.every((outcome) => outcome === "booked" || outcome === "slot_unavailable")).toBe(true);
    await expect(book(noon(2))).rejects.toMatchObject({ code: "slot_unavailable" });
  });
});

describe("a feed that has not changed", () => {
  const tagged = (text: string) =>
    elsewhere.answer(({ headers }, response) => {
      if (headers["if-none-match"] === '"v1"') response.writeHead(304).end();
      else
        response.writeHead(200, { etag: '"v1"', "last-modified": "Sun, 01 Mar 2026 00:00:00 GMT" }).end(text);
    });

  test("is not sent again, and counts as read", async () => {
    const subscribed = await subscribe();
    tagged(busyAt(noon(3)));
    expect(await sync(subscribed)).toBe("read");
    await world.db`UPDATE calendars SET synced_at = now() - interval '2 hours' WHERE id = ${subscribed.id}`;
    expect(await sync(subscribed)).toBe("unchanged");
    expect(elsewhere.asked.at(-1)?.headers).toMatchObject({
      "if-none-match": '"v1"',
      "if-modified-since": "Sun, 01 Mar 2026 00:00:00 GMT",
    });
    expect(await read(subscribed)).toMatchObject({ stale: false, busyPeriodCount: 1 });
  });

  test("is asked for whole once a day, so that what has come within the horizon appears", async () => {
    const subscribed = await subscribe();
    tagged(busyAt(noon(3)));
    await sync(subscribed);
    await world.db`UPDATE calendars SET expanded_at = now() - interval '25 hours' WHERE id = ${subscribed.id}`;
    expect(await sync(subscribed)).toBe("read");
    expect(elsewhere.asked.at(-1)?.headers["if-none-match"]).toBeUndefined();
  });

  test("is read anew for a coach who has moved to another zone", async () => {
    const subscribed = await subscribe();
    const day = noon(3).toISOString().slice(0, 10).replaceAll("-", "");
    tagged(calendar(event(`DTSTART;VALUE=DATE:${day}`)));
    await sync(subscribed);
    const [before] = await periodsOf(subscribed);
    await updateCoach(world.app, admin, { ref: coach.id, changes: { timeZone: "Asia/Tokyo" } });
    expect(await sync(subscribed)).toBe("read");
    const [after] = await periodsOf(subscribed);
    expect(before).not.toBe(after);
    expect(after).toMatch(/T15:00:00/);
  });
});

describe("a feed that cannot be read keeps the last good periods, and says why:", () => {
  test.each<[string, (response: ServerResponse) => void, RegExp]>([
    ["an error elsewhere", (response) => response.writeHead(500).end("oh no"), /status 500/],
    ["one that is gone", (response) => response.writeHead(404).end(), /no calendar at the address/],
    ["a page to sign in", (response) => response.end("<html><body>Sign in</body></html>"), /web page/],
    [
      "more than five megabytes",
      (response) => response.end("x".repeat(5 * 1024 * 1024 + 1)),
      /larger than 5/,
    ],
    [
      "one that breaks off",
      (response) => response.writeHead(200, { "content-length": "900" }).end("BEGIN:VC"),
      /./,
    ],
    [
      "one that leads on for ever",
      (response) => response.writeHead(302, { location: "/next" }).end(),
      /too often/,
    ],
    ["one that leads nowhere", (response) => response.writeHead(301).end(), /does not say where/],
    [
      "one that leads to another protocol",
      (response) => response.writeHead(301, { location: "ftp://a.b/c" }).end(),
      /http/,
    ],
    ["a 304 that nobody asked for", (response) => response.writeHead(304).end(), /status 304/],
    [
      "one that is compressed",
      (response) => response.writeHead(200, { "content-encoding": "gzip" }).end("x"),
      /compressed/,
    ],
  ])("%s", async (_, answer, words) => {
    const subscribed = await subscribe("/secret-path");
    elsewhere.answer(busyAt(noon(3)));
    await sync(subscribed);
    const { syncedAt } = await read(subscribed);
    elsewhere.answer((_asked, response) => answer(response));
    expect(await sync(subscribed)).toBe("failed");
    const after = await read(subscribed);
    expect(after).toMatchObject({ syncedAt, busyPeriodCount: 1, lastError: expect.stringMatching(words) });
    expect(after.lastError).not.toContain("secret-path");
    expect(await isOffered(noon(3))).toBe(false);
    elsewhere.answer(busyAt(noon(4)));
    expect(await sync(subscribed)).toBe("read");
    expect(await read(subscribed)).toMatchObject({ lastError: null, busyPeriodCount: 1 });
  });

  test("one that does not answer in ten seconds", { timeout: 20_000 }, async () => {
    const subscribed = await subscribe();
    elsewhere.answer(() => {});
    const startedAt = performance.now();
    expect(await sync(subscribed)).toBe("failed");
    expect(performance.now() - startedAt).toBeLessThan(13_000);
    expect(await read(subscribed)).toMatchObject({
      syncedAt: null,
      stale: true,
      lastError: expect.stringContaining("ten seconds"),
    });
  });

  test("one of events that make no sense, every one of them", async () => {
    const subscribed = await subscribe();
    elsewhere.answer(busyAt(noon(3)));
    await sync(subscribed);
    const { syncedAt } = await read(subscribed);
    elsewhere.answer(
      calendar(event("UID:other", "DTSTART:nonsense"), event("UID:third", "DTSTART:nonsense")),
    );
    expect(await sync(subscribed)).toBe("failed");
    expect(await read(subscribed)).toMatchObject({
      syncedAt,
      busyPeriodCount: 1,
      lastError: "None of the calendar's events could be read.",
    });
  });
});

describe("an event that makes no sense, beside those that do,", () => {
  const good = (at: Date) => event("UID:good", `DTSTART:${icalTime(at)}`, "DURATION:PT1H");

  test("keeps the time that was known of it, and is told in words until it can be read or is gone", async () => {
    const subscribed = await subscribe();
    const tagged = (etag: string, ...events: string[]) =>
      elsewhere.answer(({ headers }, response) => {
        if (headers["if-none-match"] === etag) response.writeHead(304).end();
        else response.writeHead(200, { etag }).end(calendar(...events));
      });
    tagged('"1"', good(noon(3)), event("UID:odd", `DTSTART:${icalTime(noon(4))}`, "DURATION:PT1H"));
    await sync(subscribed);
    await world.db`UPDATE calendars SET synced_at = now() - interval '2 hours' WHERE id = ${subscribed.id}`;

    tagged('"2"', good(noon(5)), event("UID:odd", "DTSTART:nonsense"), event("UID:new", "DTSTART:nonsense"));
    const told = {
      stale: false,
      skippedEvents: 2,
      busyPeriodCount: 2,
      lastError: "2 events of the calendar could not be read.",
    };
    expect(await sync(subscribed)).toBe("read");
    expect(await read(subscribed)).toMatchObject(told);
    expect(await periodsOf(subscribed)).toEqual([noon(4), noon(5)].map((at) => at.toISOString()));
    expect(await sync(subscribed)).toBe("unchanged");
    expect(await read(subscribed)).toMatchObject(told);

    tagged('"3"', good(noon(5)));
    await sync(subscribed);
    expect(await read(subscribed)).toMatchObject({ skippedEvents: 0, busyPeriodCount: 1, lastError: null });
  });

  test("keeps nothing that has gone by", async () => {
    const subscribed = await subscribe();
    elsewhere.answer(
      calendar(good(noon(3)), event("UID:odd", `DTSTART:${icalTime(noon(4))}`, "DURATION:PT1H")),
    );
    await sync(subscribed);
    await world.db`
      UPDATE busy_periods SET period = tstzrange(now() - interval '2 hours', now() - interval '1 hour')
      WHERE calendar_id = ${subscribed.id} AND uid = 'odd'`;
    elsewhere.answer(calendar(good(noon(3)), event("UID:odd", "DTSTART:nonsense")));
    await sync(subscribed);
    expect(await periodsOf(subscribed)).toEqual([noon(3).toISOString()]);
  });
});

test("a feed is followed to where it leads, three times at most", async () => {
  const subscribed = await subscribe("/1");
  elsewhere.answer(({ path }, response) => {
    const step = Number(path.slice(1));
    if (step < 4) response.writeHead(307, { location: `/${step + 1}` }).end();
    else response.end(busyAt(noon(3)));
  });
  expect(await sync(subscribed)).toBe("read");
  expect(elsewhere.asked.map(({ path }) => path)).toEqual(["/1", "/2", "/3", "/4"]);
  const further = await subscribe("/0");
  expect(await sync(further)).toBe("failed");
  expect(elsewhere.asked.at(-1)?.path).toBe("/3");
});

test("of two attempts at once, the one that began later counts", async () => {
  const subscribed = await subscribe();
  let release = (): void => {};
  elsewhere.answer((_, response) => {
    release = () => response.end(busyAt(noon(3)));
  });
  const slow = sync(subscribed);
  await waitFor(() => elsewhere.asked.length === 1, { what: "the first attempt" });
  elsewhere.answer(busyAt(noon(5)));
  await sync(subscribed, second.app);
  release();
  await slow;
  expect(await periodsOf(subscribed)).toEqual([noon(5).toISOString()]);
});

test("a calendar that went while it was read leaves nothing behind", async () => {
  const subscribed = await subscribe();
  let release = (): void => {};
  elsewhere.answer((_, response) => {
    release = () => response.end(busyAt(noon(3)));
  });
  const syncing = sync(subscribed);
  await waitFor(() => elsewhere.asked.length === 1, { what: "the attempt" });
  await deleteCalendar(world.app, admin, { coachId: coach.id, calendarId: subscribed.id });
  release();
  await syncing;
  expect(await periodsOf(subscribed)).toEqual([]);
  expect(await sync(subscribed)).toBe("gone");
});

describe("what is due", () => {
  const jobs = () =>
    world.db<{ calendarId: string }[]>`
      SELECT payload ->> 'calendarId' AS calendar_id FROM jobs WHERE name = 'sync-calendar'`;

  test("is claimed once, however many workers ask", async () => {
    const ids: string[] = [];
    for (let index = 0; index < 8; index++) ids.push((await subscribe(`/${index}`)).id);
    await world.db`DELETE FROM jobs`;
    expect(await claimDueCalendars(world.app, 100)).toBe(0);
    await world.db`UPDATE calendars SET next_sync_at = now() - interval '1 second'`;
    const claimed = await Promise.all(
      Array.from({ length: 8 }, (_, index) => claimDueCalendars(index % 2 ? world.app : second.app, 3)),
    );
    expect(claimed.reduce((sum, count) => sum + count, 0)).toBe(8);
    expect((await jobs()).map(({ calendarId }) => calendarId).toSorted()).toEqual(ids.toSorted());
    const [next] = await world.db<{ soonest: number; latest: number; distinct: number }[]>`
      SELECT extract(epoch FROM min(next_sync_at) - now())::int AS soonest,
        extract(epoch FROM max(next_sync_at) - now())::int AS latest,
        count(DISTINCT next_sync_at)::int AS distinct FROM calendars`;
    expect(next?.soonest).toBeGreaterThan(560);
    expect(next?.latest).toBeLessThan(640);
    expect(next?.distinct).toBe(8);
  });

  test("is a new calendar at once", async () => {
    const { id } = await subscribe();
    expect(await jobs()).toEqual([{ calendarId: id }]);
  });
});

test("a coach who fails closed is busy until a calendar was read, and again once it is stale", async () => {
  await updateCoach(world.app, admin, { ref: coach.id, changes: { calendarPolicy: "fail_closed" } });
  const subscribed = await subscribe();
  expect(await reasonsAt(noon(3))).toEqual(["external_busy"]);
  elsewhere.answer(busyAt(noon(5)));
  await sync(subscribed);
  expect(await reasonsAt(noon(3))).toEqual([]);
  await world.db`UPDATE calendars SET synced_at = now() - interval '61 minutes' WHERE id = ${subscribed.id}`;
  expect(await reasonsAt(noon(3))).toEqual(["external_busy"]);
  elsewhere.answer((_, response) => response.writeHead(503).end());
  await sync(subscribed);
  expect(await reasonsAt(noon(3))).toEqual(["external_busy"]);
});

test("slots, explain and bookings ask nobody elsewhere", async () => {
  const subscribed = await subscribe();
  elsewhere.answer(busyAt(noon(3)));
  await sync(subscribed);
  const before = elsewhere.asked.length;
  await isOffered(noon(4));
  await reasonsAt(noon(4));
  await book(noon(4));
  expect(elsewhere.asked).toHaveLength(before);
});
