import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { expect, inject, test } from "vitest";
import { webhookEventTypes } from "../../src/domain/webhook.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";
import { randomOf } from "../support/random.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { useGround } from "./support/ground.ts";
import { type Booked, Stage } from "./support/stage.ts";

/** How long the load lasts: SOAK_MINUTES, two unless set. */
const soakMs = Number(process.env["SOAK_MINUTES"] ?? 2) * 60_000;
const bookingEveryMs = 250;
const killEveryMs = Math.min(60_000, soakMs / 3);
const drainMs = 300_000;

const ground = useGround();

/** Memory that a process holds, in MiB. */
const residentMiB = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** A receiver of webhooks, and whether it works. */
type Endpoint = { name: string; receiver: Receiver; secret: string };

test("while a worker is killed every minute, every booking is mailed once, every event delivered, every session summarised once", {
  timeout: soakMs + drainMs + 120_000,
}, async ({ task, onTestFinished }) => {
  const random = randomOf(inject("faultsSeed"));
  const observe = (what: string, value: unknown): void => {
    task.meta.observed = { ...task.meta.observed, [what]: String(value) };
  };
  const stage = await Stage.open(ground, {
    REDIS_URL: ground.redisUrl,
    REDIS_PREFIX: `soak-${crypto.randomUUID()}`,
  });
  onTestFinished(() => stage.close());
  await stage.start({ ROLES: "http,realtime" });
  let worker: HubProcess = await startHubProcess({ ...stage.env, ROLES: "worker" });
  const steady = await startHubProcess({ ...stage.env, ROLES: "worker" });
  const [flaky, hanging] = await Promise.all([startReceiver(), startReceiver()]);
  onTestFinished(async () => {
    await Promise.all([worker.stop("SIGKILL"), steady.stop("SIGKILL"), flaky.close(), hanging.close()]);
  });
  flaky.answer((response) => void response.writeHead(random() < 0.3 ? 500 : 204).end());
  hanging.answer(() => {});
  const endpoints: Endpoint[] = [];
  for (const [name, receiver] of Object.entries({ good: stage.receiver, flaky, hanging }))
    endpoints.push({ name, receiver, secret: await stage.subscribe(receiver.url) });

  const coaches = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      stage.ask<{ id: string }>("POST", "/coaches", {
        name: `Coach ${index}`,
        timeZone: "Europe/Berlin",
        email: `coach-${index}@coaches.example`,
      }),
    ),
  );
  const startedAt = performance.now();
  const elapsed = (): number => performance.now() - startedAt;
  const memory: { at: number; api: number; worker: number }[] = [];
  const flaws: string[] = [];
  let booked = 0;
  let moved = 0;
  let cancelled = 0;
  let ended = 0;
  let kills = 0;

  /** One booking, and what becomes of it: moved, cancelled, or held. */
  const live = async (number: number): Promise<void> => {
    const coach = coaches[number % coaches.length]?.id;
    const client = await stage.ask<{ id: string }>("POST", "/clients", {
      name: `Client ${number}`,
      timeZone: "Europe/Lisbon",
      email: `client-${number}@clients.example`,
    });
    // A slot of its own, so that every booking is accepted; from a quarter of an hour on.
    const slot = (lap: number) => new Date(Date.now() + 900_000 + lap * 60_000 * 5).toISOString();
    const lap = Math.floor(number / coaches.length) * 2;
    const { booking, session } = await stage.ask<Booked>("POST", "/bookings", {
      coachId: coach,
      clientId: client.id,
      startsAt: slot(lap),
      durationMinutes: 5,
    });
    booked += 1;
    const fate = random();
    if (fate < 0.1) {
      await stage.ask("POST", `/bookings/${booking.id}/cancel`, { reason: "soak" });
      cancelled += 1;
      return;
    }
    if (fate < 0.2) {
      await stage.ask("POST", `/bookings/${booking.id}/reschedule`, { startsAt: slot(lap + 1) });
      moved += 1;
    }
    await delay(500 + random() * 2_000);
    await stage.ask("POST", `/sessions/${session.id}/start`);
    await delay(500 + random() * 2_000);
    await stage.ask("POST", `/sessions/${session.id}/end`);
    ended += 1;
  };

  let nextKill = killEveryMs;
  let nextSample = 0;
  const lives: Promise<void>[] = [];
  for (let number = 0; elapsed() < soakMs; number += 1) {
    lives.push(live(number).catch((error: unknown) => void flaws.push(String(error))));
    if (elapsed() > nextSample) {
      nextSample += 5_000;
      const [api, own] = await Promise.all([residentMiB(stage.hub?.pid ?? 0), residentMiB(steady.pid)]);
      memory.push({ at: elapsed(), api, worker: own });
    }
    if (elapsed() > nextKill) {
      nextKill += killEveryMs;
      kills += 1;
      await worker.stop("SIGKILL");
      worker = await startHubProcess({ ...stage.env, ROLES: "worker" });
    }
    await delay(Math.max(0, (number + 1) * bookingEveryMs - elapsed()));
  }
  await Promise.all(lives);

  // What the hanging one could not take is delivered once it answers, and nobody waits for its next day.
  hanging.answer({ status: 204 });
  flaky.answer({ status: 204 });
  await stage.sql`UPDATE webhook_deliveries SET due_at = now() WHERE status = 'pending' AND enqueued_at IS NULL`;
  const drainStartedAt = performance.now();
  await stage.untilDone(drainMs);
  observe("drained after the load", `${((performance.now() - drainStartedAt) / 1000).toFixed(1)} s`);

  observe("bookings, moved, cancelled, sessions ended", `${booked}, ${moved}, ${cancelled}, ${ended}`);
  observe("workers killed", kills);

  const events = await stage.sql<{ id: string; type: string }[]>`
      SELECT id, type FROM outbox WHERE type = ANY(${[...webhookEventTypes]}) ORDER BY id`;
  for (const { name, receiver, secret } of endpoints) {
    const ids = receiver.received.map(({ headers }) => headers["webhook-id"] ?? "");
    const distinct = new Set(ids);
    const missing = events.filter(({ id }) => !distinct.has(id)).length;
    observe(
      `events, and requests, at the ${name} receiver`,
      `${distinct.size} of ${events.length}, ${ids.length}`,
    );
    if (missing > 0) flaws.push(`${missing} events never reached the ${name} receiver`);
    if (distinct.size > events.length) flaws.push(`the ${name} receiver was told of events that are none`);
    const webhook = new Webhook(secret);
    // A signature is good for five minutes.
    const recent = receiver.received.filter(
      ({ headers }) => Number(headers["webhook-timestamp"]) > Date.now() / 1000 - 240,
    );
    for (const { body, headers } of recent) webhook.verify(body, headers);
  }

  const summaries = await stage.sql`SELECT FROM summaries`;
  const ready = await stage.sql`SELECT FROM session_events WHERE type = 'summary:ready'`;
  observe("summaries, and how often they were told", `${summaries.length}, ${ready.length}`);
  if (summaries.length !== ended || ready.length !== ended) flaws.push(`${ended} sessions ended`);

  const mails = await stage.sql<
    { messageId: string; status: string }[]
  >`SELECT message_id, status FROM mails`;
  const sent = mails.filter(({ status }) => status === "sent");
  const arrived = stage.mailbox.arrived.map(({ mail }) => mail.messageId ?? "");
  const distinctMails = new Set(arrived);
  observe(
    "mails sent, as they arrived, overtaken",
    `${sent.length}, ${arrived.length}, ${mails.length - sent.length}`,
  );
  if (distinctMails.size !== sent.length || sent.some(({ messageId }) => !distinctMails.has(messageId)))
    flaws.push(`${sent.length} mails were sent, ${distinctMails.size} arrived`);
  // Whoever changes a booking twice at once is told once, of how it stands.
  const told = await stage.sql<{ status: string; mails: number; count: number }[]>`
    SELECT b.status, (SELECT count(*)::int FROM mails m WHERE m.booking_id = b.id AND m.status = 'sent'
        AND m.booking_version = b.version AND m.kind = ANY(CASE b.status
          WHEN 'cancelled' THEN ARRAY['booking.cancelled'] ELSE ARRAY['booking.accepted', 'booking.rescheduled'] END)) AS mails,
      count(*)::int AS count
    FROM bookings b GROUP BY 1, 2`;
  observe(
    "bookings by their mails, one for each side",
    told.map(({ status, mails, count }) => `${count} ${status}: ${mails}`).join(", "),
  );
  if (told.some(({ mails }) => mails !== 2) || told.reduce((sum, { count }) => sum + count, 0) !== booked)
    flaws.push(`${booked} bookings are not told of once to each side`);

  const failed = await stage.sql`SELECT name, last_error FROM jobs WHERE failed_at IS NOT NULL`;
  if (failed.length > 0) flaws.push(`failed for good: ${JSON.stringify(failed)}`);

  const third = (part: 1 | 2) =>
    memory.filter(({ at }) => at >= (part * soakMs) / 3 && at < ((part + 1) * soakMs) / 3);
  for (const who of ["api", "worker"] as const) {
    const [middle, end] = [
      median(third(1).map((sample) => sample[who])),
      median(third(2).map((sample) => sample[who])),
    ];
    observe(`memory of the ${who}, second and last third`, `${middle.toFixed(0)} MiB, ${end.toFixed(0)} MiB`);
    if (end > middle * 1.25 + 15) flaws.push(`the memory of the ${who} grows`);
  }
  expect(flaws).toEqual([]);
});
