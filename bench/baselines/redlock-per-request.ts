/**
 * One Redlock a request around check-then-insert: the usual advice for not selling a coach's time twice. Waits with the
 * library's own retries, as its manual shows.
 */
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { Redis } from "ioredis";
import postgres from "postgres";
import { Redlock } from "redlock";
import { v7 as uuidv7 } from "uuid";

const sql = postgres(process.env["DATABASE_URL"] ?? "", { max: 10, onnotice: () => {} });
await sql`
  CREATE TABLE IF NOT EXISTS plain_bookings (
    id uuid PRIMARY KEY, coach_id uuid NOT NULL, client_id uuid NOT NULL,
    starts_at timestamptz NOT NULL, ends_at timestamptz NOT NULL)`;
await sql`CREATE INDEX IF NOT EXISTS plain_bookings_coach ON plain_bookings (coach_id, starts_at)`;
const redis = new Redis(process.env["REDIS_URL"] ?? "");
const redlock = new Redlock([redis], { retryCount: 500, retryDelay: 20, retryJitter: 20 });

type Body = { coachId: string; clientId: string; startsAt: string; durationMinutes: number };

const app = new Hono();
app.post("/v1/bookings", async (c) => {
  const { coachId, clientId, startsAt, durationMinutes } = await c.req.json<Body>();
  const start = new Date(startsAt);
  const end = new Date(start.getTime() + durationMinutes * 60_000);
  return redlock.using([`bench:${coachId}`], 10_000, async () => {
    const taken = await sql`
      SELECT 1 FROM plain_bookings WHERE coach_id = ${coachId} AND starts_at < ${end} AND ends_at > ${start} LIMIT 1`;
    if (taken.length > 0) return c.json({ code: "slot_unavailable" }, 409);
    const [booking] = await sql`
      INSERT INTO plain_bookings VALUES (${uuidv7()}, ${coachId}, ${clientId}, ${start}, ${end}) RETURNING *`;
    return c.json(booking, 201);
  });
});

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env["PORT"]) }, () =>
  console.log("ready"),
);
process.on("SIGTERM", () => {
  server.close();
  redis.disconnect();
  void sql.end({ timeout: 1 }).then(() => process.exit(0));
});
