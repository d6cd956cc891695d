import { afterAll, beforeAll, expect, test } from "vitest";
import { type MailWorld, createMailWorld } from "../../support/mail.ts";
import { type Reply, type Served, serve } from "../../support/serve.ts";

let mail: MailWorld;
let hub: Served;

beforeAll(async () => {
  mail = await createMailWorld();
  hub = await serve(mail.world);
  await mail.book("2030-01-07T09:00:00Z");
  await mail.book("2030-01-08T09:00:00Z");
  await mail.notifyAll();
});

afterAll(async () => {
  await hub.close();
  await mail.close();
});

type Listed = { id: string; subject: string }[];

test("mails are listed for admins, newest first, page by page, and read whole", async () => {
  const as = mail.world.keys.admin;
  const seen: Listed = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const after = cursor === "" ? "" : `&cursor=${cursor}`;
    const page: Reply = await hub.send("GET", `/v1/mails?limit=3${after}`, { as });
    seen.push(...(page.body["data"] as Listed));
    cursor = page.body["nextCursor"] as string | null;
  }
  expect(seen).toHaveLength(4);
  expect(seen.map(({ id }) => id)).toEqual(
    seen
      .map(({ id }) => id)
      .toSorted()
      .toReversed(),
  );
  expect(seen[0]).toMatchObject({
    kind: "booking.accepted",
    status: "sent",
    to: { name: expect.any(String) as string, address: expect.stringMatching(/@example\.com$/) as string },
    subject: expect.stringContaining("Tue 8 Jan 2030") as string,
    invitation: "REQUEST",
    attempts: 1,
    lastError: null,
    sentAt: expect.any(String) as string,
  });
  expect(seen[0]).not.toHaveProperty("html");
  const whole = await hub.send("GET", `/v1/mails/${seen[0]?.id}`, { as });
  expect(whole.status).toBe(200);
  expect(whole.body["html"]).toContain("<!doctype html>");
  expect(whole.body["text"]).toContain("Tuesday, 8 January 2030");
  expect(whole.body["ics"]).toContain("BEGIN:VCALENDAR");
});

test("nobody but admins reads mails, not even their own", async () => {
  const [{ id } = { id: "" }] = await mail.world.db<{ id: string }[]>`SELECT id FROM mails LIMIT 1`;
  const coach = await mail.world.userToken("coach", mail.coach.id);
  const client = await mail.world.userToken("client", mail.client.id);
  for (const as of [coach, client, mail.world.keys.read, mail.world.keys.bookings]) {
    expect((await hub.send("GET", "/v1/mails", { as })).status).toBe(403);
    const one = await hub.send("GET", `/v1/mails/${id}`, { as });
    const none = await hub.send("GET", `/v1/mails/${crypto.randomUUID()}`, { as });
    expect({ ...one.body, requestId: "" }).toEqual({ ...none.body, requestId: "" });
    expect([403, 404]).toContain(one.status);
  }
  expect((await hub.send("GET", "/v1/mails")).status).toBe(401);
  const missing = await hub.send("GET", `/v1/mails/${crypto.randomUUID()}`, { as: mail.world.keys.admin });
  expect(missing.status).toBe(404);
});
