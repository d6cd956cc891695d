import { describe, expect, test } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { waitFor } from "../support/wait.ts";
import { useGround } from "./support/ground.ts";
import { type Booked, Stage } from "./support/stage.ts";

const ground = useGround();

/** A job whose worker died goes to another one once its lock has run out. */
const recoveryMs = 120_000;

/** Holds up whatever the hub is about to do to a table, until the test has killed it. */
const holdUp = async (stage: Stage, event: string) => {
  await stage.sql.unsafe(`
    CREATE OR REPLACE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock_shared(77); RETURN coalesce(NEW, OLD); END $$;
    CREATE TRIGGER hold_up BEFORE ${event} FOR EACH ROW EXECUTE FUNCTION hold_up();`);
  const holder = openDatabase({ url: stage.env["DATABASE_URL"] ?? "", poolSize: 1 });
  await holder`SELECT pg_advisory_lock(77)`;
  return {
    untilReached: () =>
      waitFor(
        async () =>
          (
            await stage.sql`SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 77 AND NOT granted
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
          ).length > 0,
        { what: `the hub to be about to ${event}`, timeoutMs: 20_000 },
      ),
    release: () => holder.end({ timeout: 1 }),
  };
};

/** How the hub is brought to its end: resolves once it is dead, with what has to be let go of before it starts again. */
type Murder = (stage: Stage) => Promise<{ done: Promise<unknown>; release?: () => Promise<unknown> }>;

const before =
  (event: string): Murder =>
  async (stage) => {
    const { untilReached, release } = await holdUp(stage, event);
    return { done: untilReached().then(() => stage.kill()), release };
  };

const murders: Record<string, Murder> = {
  "after the commit, before its jobs are written": before("INSERT ON jobs"),
  "when jobs are in the queue, before they are marked": before("UPDATE OF enqueued_at ON jobs"),
  "when webhooks are in the queue, before they are marked": before(
    "UPDATE OF enqueued_at ON webhook_deliveries",
  ),
  "in a job, before it commits": before("INSERT ON summaries"),
  "after a job, before its row is gone": before("DELETE ON jobs"),
  "after a mail was taken, before that is noted": async (stage) => {
    const { promise: done, resolve } = Promise.withResolvers<void>();
    let first = true;
    stage.mailbox.rules.beforeTaking = async () => {
      if (!first) return;
      first = false;
      await stage.kill();
      resolve();
    };
    return { done };
  },
  "after a webhook was received, before that is noted": async (stage) => {
    const { promise: done, resolve } = Promise.withResolvers<void>();
    stage.receiver.answer((response) => {
      stage.receiver.answer({ status: 204 });
      void stage.kill().then(() => {
        response.destroy();
        resolve();
      });
    });
    return { done };
  },
};

/** Books, starts and ends a session, as far as the hub lives to see it; what it did not answer is asked again. */
const liveThrough = async (stage: Stage): Promise<void> => {
  const [coach, client] = await Promise.all([
    stage.ask<{ id: string }>("POST", "/coaches", {
      name: "Ada",
      timeZone: "Europe/Berlin",
      email: "ada@coaches.example",
    }),
    stage.ask<{ id: string }>("POST", "/clients", {
      name: "Maya",
      timeZone: "Europe/Paris",
      email: "maya@clients.example",
    }),
  ]);
  const { session } = await stage.ask<Booked>("POST", "/bookings", {
    coachId: coach.id,
    clientId: client.id,
    startsAt: new Date(Date.now() + 60_000).toISOString(),
    durationMinutes: 30,
  });
  await stage.ask("POST", `/sessions/${session.id}/start`);
  await stage.ask("POST", `/sessions/${session.id}/end`);
};

/** How often each value is there. */
const times = (values: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
};

describe.each<[string, () => Record<string, string>]>([
  ["Postgres", () => ({})],
  ["Redis", () => ({ REDIS_URL: ground.redisUrl, REDIS_PREFIX: `jobs-${crypto.randomUUID()}` })],
])("with the queue on %s, a hub that is killed", (_, queue) => {
  test.concurrent.each(Object.entries(murders))(
    "%s does everything once, as seen from outside",
    { timeout: recoveryMs + 60_000 },
    async (_, murder) => {
      const stage = await Stage.open(ground, queue());
      try {
        await stage.start();
        await stage.subscribe();
        const { done, release } = await murder(stage);
        // The hub may die before it has answered the last of these; then the next one does it.
        const living = liveThrough(stage).catch(() => {});
        await done;
        await living;
        await release?.();
        await stage.start();
        const open = await stage.sql<{ id: string; status: string }[]>`
          SELECT id, status FROM sessions WHERE status IN ('scheduled', 'in_progress')`;
        for (const { id, status } of open) {
          if (status === "scheduled") await stage.ask("POST", `/sessions/${id}/start`);
          await stage.ask("POST", `/sessions/${id}/end`);
        }
        await stage.untilDone(recoveryMs);

        const events = await stage.sql<
          { id: string; type: string }[]
        >`SELECT id, type FROM outbox ORDER BY id`;
        expect(events.map(({ type }) => type)).toEqual([
          "booking.accepted",
          "session.started",
          "session.ended",
          "summary.ready",
        ]);
        const received = times(stage.receiver.received.map(({ headers }) => headers["webhook-id"] ?? ""));
        expect([...received.keys()].toSorted()).toEqual(events.map(({ id }) => id));
        expect((await stage.sql`SELECT FROM summaries`).length).toBe(1);
        expect((await stage.sql`SELECT FROM session_events WHERE type = 'summary:ready'`).length).toBe(1);
        const mails = await stage.sql<{ messageId: string; kind: string; toAddress: string }[]>`
          SELECT message_id, kind, to_address FROM mails WHERE status = 'sent'`;
        const arrived = times(stage.mailbox.arrived.map(({ mail }) => mail.messageId ?? ""));
        expect([...arrived.keys()].toSorted()).toEqual(mails.map(({ messageId }) => messageId).toSorted());
        // That it started is told only to those who hear of it before its end.
        const told = mails.filter(({ kind }) => kind !== "session.started");
        expect(told.map(({ kind, toAddress }) => `${toAddress} ${kind}`).toSorted()).toEqual([
          "ada@coaches.example booking.accepted",
          "ada@coaches.example session.ended",
          "maya@clients.example booking.accepted",
          "maya@clients.example session.ended",
        ]);
      } finally {
        await stage.close();
      }
    },
  );
});
