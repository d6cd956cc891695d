import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cancelBooking } from "../../../src/usecases/bookings/cancel.ts";
import { rescheduleBooking } from "../../../src/usecases/bookings/reschedule.ts";
import { admitParticipant } from "../../../src/usecases/rooms/admit.ts";
import { removeParticipant } from "../../../src/usecases/rooms/remove.ts";
import { endSession } from "../../../src/usecases/sessions/end.ts";
import { startSession } from "../../../src/usecases/sessions/start.ts";
import { type LiveClient, connectLive } from "../../support/live-client.ts";
import { type MailWorld, createMailWorld } from "../../support/mail.ts";
import { type Reply, type Served, serve } from "../../support/serve.ts";

let mail: MailWorld;
let hub: Served;

beforeAll(async () => {
  mail = await createMailWorld();
  hub = await serve(mail.world, { realtime: true });
});

afterAll(async () => {
  await hub.close();
  await mail.close();
});

beforeEach(async () => {
  await mail.notifyAll();
  mail.server.arrived.splice(0);
});

const codeOf = ({ status, body }: Reply) => [status, body["code"]];
const join = (link: string) => hub.send("POST", "/v1/join", { as: link });
const page = async (link: string) => {
  const reply = await fetch(`${hub.url}/join/${link}`);
  return { status: reply.status, headers: reply.headers, html: await reply.text() };
};

/** The links in what has been mailed to somebody, newest first. */
const linksTo = (address: string): string[] =>
  mail.server
    .to(address)
    .flatMap(({ text }) => /https:\/\/hub\.example\/join\/(\S+)/.exec(text ?? "")?.[1] ?? [])
    .toReversed();

/** A booking of a coach of its own, with the links that were mailed. */
const bookWithLinks = async (inMinutes = 10) => {
  const startsAt = new Date(Date.now() + inMinutes * 60_000);
  const coach = await mail.world.makeCoach({ name: "Ada <Okafor>", email: "ada@example.com" });
  const { booking, session } = await mail.world.makeBooking({ coach, client: mail.client, inMinutes });
  await mail.notifyAll();
  const [asCoach = ""] = linksTo("ada@example.com");
  const [asClient = ""] = linksTo("maya@example.com");
  return { booking, session, coach, startsAt, asCoach, asClient };
};

describe("a join link", () => {
  test("buys tickets for the one it was mailed to, and a ticket opens the room", async () => {
    const { session, coach, asCoach, asClient } = await bookWithLinks();
    const people: LiveClient[] = [];
    for (const [link, who] of [
      [asCoach, { participantId: coach.id, role: "coach" }],
      [asClient, { participantId: mail.client.id, role: "client" }],
    ] as const) {
      const bought = await join(link);
      expect([bought.status, bought.body["url"]]).toEqual([200, "https://hub.example/live"]);
      expect(bought.body).toMatchObject({ session: { id: session.id } });
      const live = await connectLive(hub.url, String(bought.body["ticket"]));
      people.push(live);
      expect(await live.ask("session:join", { sessionId: session.id })).toMatchObject({
        ok: true,
        self: who,
      });
    }
    for (const live of people) live.close();
  });

  test("is good for nothing else: it is no user, no ticket, and opens no socket", async () => {
    const { session, asCoach } = await bookWithLinks();
    for (const [method, path] of [
      ["GET", `/v1/sessions/${session.id}`],
      ["POST", `/v1/sessions/${session.id}/join`],
      ["GET", "/v1/bookings"],
    ] as const)
      expect(codeOf(await hub.send(method, path, { as: asCoach }))).toEqual([401, "unauthenticated"]);
    await expect(mail.world.app.tokens.verifyUser(asCoach)).rejects.toMatchObject({
      code: "unauthenticated",
    });
    await expect(mail.world.app.tokens.verifyTicket(asCoach)).rejects.toMatchObject({
      code: "unauthenticated",
    });
    await expect(connectLive(hub.url, asCoach)).rejects.toMatchObject({ data: { code: "unauthenticated" } });
  });

  test("is not what users, keys and tickets have", async () => {
    const { session, coach } = await bookWithLinks();
    const user = await mail.world.userToken("coach", coach.id);
    const bought = await hub.send("POST", `/v1/sessions/${session.id}/join`, { as: user });
    for (const as of [user, mail.world.keys.admin, String(bought.body["ticket"]), "nonsense", undefined])
      expect(codeOf(await hub.send("POST", "/v1/join", as === undefined ? {} : { as }))).toEqual([
        401,
        "unauthenticated",
      ]);
  });

  test("waits for the room to open", async () => {
    const { asClient } = await bookWithLinks(120);
    const early = await join(asClient);
    expect(codeOf(early)).toEqual([409, "too_early"]);
    expect(Number(early.headers.get("retry-after"))).toBeGreaterThan(100 * 60);
  });

  test("is void once the session has moved, also after it moved back; the new mail's is good", async () => {
    const { booking, asClient: first } = await bookWithLinks();
    for (const startsAt of [new Date(booking.startsAt.getTime() + 60_000), booking.startsAt])
      await rescheduleBooking(mail.world.app, mail.admin, { id: booking.id, startsAt });
    expect(codeOf(await join(first))).toEqual([401, "token_expired"]);
    const moved = await page(first);
    expect(moved.status).toBe(410);
    expect(moved.html).not.toMatch(/Ada|Coach|datetime/);
    await mail.notifyAll();
    const [second = ""] = linksTo("maya@example.com");
    expect(second).not.toBe(first);
    expect((await join(second)).status).toBe(200);
  });

  test("is void once the session is cancelled or over", async () => {
    const [cancelled, over] = [await bookWithLinks(), await bookWithLinks(50)];
    await cancelBooking(mail.world.app, mail.admin, { id: cancelled.booking.id });
    await startSession(mail.world.app, mail.admin, { id: over.session.id });
    expect((await join(over.asClient)).status).toBe(200);
    await endSession(mail.world.app, mail.admin, { id: over.session.id });
    for (const { asClient } of [cancelled, over])
      expect(codeOf(await join(asClient))).toEqual([409, "session_closed"]);
    expect((await page(cancelled.asClient)).html).toContain("This session was cancelled.");
    expect((await page(over.asClient)).html).toContain("This session is over.");
  });

  test("is void while its person is removed, and good for the other", async () => {
    const { session, asCoach, asClient } = await bookWithLinks();
    const removed = { sessionId: session.id, participantId: mail.client.id };
    await removeParticipant(mail.world.app, mail.admin, removed);
    expect(codeOf(await join(asClient))).toEqual([403, "removed"]);
    expect((await page(asClient)).status).toBe(403);
    expect((await join(asCoach)).status).toBe(200);
    await admitParticipant(mail.world.app, mail.admin, removed);
    expect((await join(asClient)).status).toBe(200);
  });
});

describe("the page of a join link", () => {
  test("shows what, with whom and when, and keeps the link to itself", async () => {
    const { asClient, booking } = await bookWithLinks(120);
    const { status, headers, html } = await page(asClient);
    expect(status).toBe(200);
    expect(html).toContain("Ada &lt;Okafor&gt;");
    expect(html).toContain(`datetime="${booking.startsAt.toISOString()}"`);
    expect(html).toContain("America/New_York, GMT");
    expect(html).toContain("The room opens on");
    expect(html).not.toContain(asClient);
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cache-control")).toBe("no-store");
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    for (const path of ["page.js", "style.css", "socket.io-client.js", "client/client.ts"])
      expect([path, (await fetch(`${hub.url}/join/${path}`)).status]).toEqual([path, 200]);
  });

  test("of what is no link says no more than that", async () => {
    const foreign = await mail.world.userToken("client", mail.client.id);
    for (const link of ["nonsense", "a.b.c", foreign]) {
      const { status, html } = await page(link);
      expect([status, html.includes("<button")]).toEqual([404, false]);
    }
    expect((await fetch(`${hub.url}/join/client/..%2f..%2fmain.ts`)).status).toBe(404);
  });
});
