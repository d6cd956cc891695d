import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createMail } from "../../../src/outbound/create-mail.ts";
import { MailSummary } from "../../../src/schemas/answers.ts";
import type { App } from "../../../src/usecases/app.ts";
import { createWebhook } from "../../../src/usecases/webhooks/create.ts";
import { deleteWebhook } from "../../../src/usecases/webhooks/delete.ts";
import { deliverWebhook } from "../../../src/usecases/webhooks/deliver.ts";
import { tellOwner } from "../../../src/usecases/webhooks/tell-owner.ts";
import { updateWebhook } from "../../../src/usecases/webhooks/update.ts";
import { type MailWorld, createMailWorld } from "../../support/mail.ts";
import { announceNew } from "../../support/outbox.ts";
import { type Receiver, startReceiver } from "../../support/receiver.ts";
import { serve } from "../../support/serve.ts";

let mail: MailWorld;
let receiver: Receiver;
let logged: string[];
let app: App;

beforeEach(async () => {
  mail = await createMailWorld({ ALLOW_PRIVATE_TARGETS: "true" });
  receiver = await startReceiver();
  logged = [];
  const log = pino({ level: "trace" }, { write: (line) => void logged.push(line) });
  app = { ...mail.world.app, log };
});

afterEach(async () => {
  await receiver.close();
  await mail.close();
});

const later = { code: "unavailable", kind: "unavailable" };
const owner = "ops@example.com";

/** An endpoint that the hub has just disabled, and the job that tells its owner. */
const disabled = async (): Promise<{ endpointId: string; jobId: string }> => {
  const { endpoint } = await createWebhook(app, mail.admin, {
    url: receiver.url,
    events: ["booking.accepted"],
    ownerEmail: owner,
  });
  await mail.book("2030-01-07T09:00:00Z");
  await announceNew(mail.world);
  const [delivery] = await mail.world.db<{ id: string }[]>`SELECT id FROM webhook_deliveries`;
  receiver.answer({ status: 410 });
  await deliverWebhook(app, { deliveryId: delivery?.id ?? "" });
  const [job] = await mail.world.db<{ id: string }[]>`SELECT id FROM jobs WHERE name = 'webhook-disabled'`;
  return { endpointId: endpoint.id, jobId: job?.id ?? "" };
};

const stored = () =>
  mail.world.db<{ to: string; status: string; attempts: number; error: string | null; messageId: string }[]>`
    SELECT to_address AS to, status, attempts, last_error AS error, message_id FROM mails`;

const change = (id: string, changes: Parameters<typeof updateWebhook>[2]["changes"]) =>
  updateWebhook(app, mail.admin, { id, changes });

describe("the mail to an endpoint's owner", () => {
  test("goes once, however often its job runs, also at once", async () => {
    const job = await disabled();
    await Promise.allSettled([tellOwner(app, job), tellOwner(app, job), tellOwner(app, job)]);
    await tellOwner(app, job);
    expect(mail.server.arrived.map(({ to }) => to)).toEqual([owner]);
    const [arrived] = mail.server.to(owner);
    expect(arrived?.subject).toMatch(/^Your webhooks to 127\.0\.0\.1:\d+ have stopped$/);
    expect(arrived?.text).toContain("The receiver answered 410 Gone.");
    expect(arrived?.messageId).toBe(`<${job.jobId}@hub.example>`);
    expect(await stored()).toMatchObject([{ to: owner, status: "sent", attempts: 1 }]);
  });

  test("that is refused for good is not tried again, and its job is done", async () => {
    const job = await disabled();
    mail.server.rules.rcpt = () => 550;
    await tellOwner(app, job);
    expect(await stored()).toMatchObject([
      { status: "failed", error: expect.stringContaining("550") as string },
    ]);
    mail.server.rules.rcpt = undefined;
    await tellOwner(app, job);
    expect(mail.server.arrived).toEqual([]);
  });

  test("that is put off goes later as it was written, under the same Message-ID", async () => {
    const job = await disabled();
    mail.server.rules.rcpt = () => 450;
    await expect(tellOwner(app, job)).rejects.toMatchObject(later);
    const [before] = await stored();
    expect(before).toMatchObject({ status: "pending", attempts: 1 });
    mail.server.rules.rcpt = undefined;
    await tellOwner({ ...app, publicUrl: () => "https://elsewhere.example" }, job);
    expect(mail.server.to(owner).map(({ messageId }) => messageId)).toEqual([before?.messageId]);
    expect(await stored()).toMatchObject([{ status: "sent", attempts: 2, messageId: before?.messageId }]);
  });

  test("is kept without SMTP_URL, and listed and read as one that is about no booking", async () => {
    const job = await disabled();
    const quiet = { ...app, mail: createMail({ ...app.config, smtpUrl: null }, app.log) };
    await tellOwner(quiet, job);
    await tellOwner(app, job);
    expect(mail.server.arrived).toEqual([]);
    const hub = await serve(mail.world);
    try {
      const list = await hub.send("GET", "/v1/mails", { as: mail.world.keys.admin });
      const [listed] = list.body["data"] as { id: string }[];
      expect(listed).toMatchObject({
        kind: "webhook.disabled",
        status: "kept",
        bookingId: null,
        to: { personId: null, name: "", address: owner },
      });
      expect(MailSummary.safeParse(listed).error).toBeUndefined();
      const whole = await hub.send("GET", `/v1/mails/${listed?.id}`, { as: mail.world.keys.admin });
      expect(whole.body["text"]).toContain("Your webhooks have stopped");
    } finally {
      await hub.close();
    }
  });

  test.each<[string, (endpointId: string) => Promise<unknown>]>([
    ["is enabled again", (id) => change(id, { enabled: true })],
    [
      "is enabled again, and disabled by hand",
      async (id) => {
        await change(id, { enabled: true });
        await change(id, { enabled: false });
      },
    ],
    ["has no owner any more", (id) => change(id, { ownerEmail: null })],
    ["is deleted", (id) => deleteWebhook(app, mail.admin, id)],
  ])("never goes when the endpoint %s before it went", async (_, undo) => {
    const job = await disabled();
    mail.server.rules.rcpt = () => 450;
    await expect(tellOwner(app, job)).rejects.toMatchObject(later);
    await undo(job.endpointId);
    mail.server.rules.rcpt = undefined;
    await tellOwner(app, job);
    expect(mail.server.arrived).toEqual([]);
    expect(await stored()).toMatchObject([
      { status: "failed", error: "no longer true when it could be sent" },
    ]);
  });

  test("is not written when the endpoint is enabled again before its job runs", async () => {
    const job = await disabled();
    await change(job.endpointId, { enabled: true });
    await tellOwner(app, job);
    expect(await stored()).toEqual([]);
  });

  test("leaves no address in the log, nor in what its job fails with", async () => {
    const job = await disabled();
    mail.server.rules.rcpt = () => 450;
    const failure: unknown = await tellOwner(app, job).catch((error: unknown) => error);
    app.log.error({ err: failure }, "a job failed");
    mail.server.rules.rcpt = () => 550;
    await tellOwner(app, job);
    expect(logged.length).toBeGreaterThan(3);
    expect(logged.join("")).not.toContain("example.com");
  });
});
