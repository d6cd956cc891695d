/**
 * Hono and one INSERT a request: what a good engineer would write in twenty lines without any of Courtside's guarantees.
 * No authentication, no validation beyond JSON, no idempotency, no check of overlaps, no session, no event.
 */
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import postgres from "postgres";
import { v7 as uuidv7 } from "uuid";

const sql = postgres(process.env["DATABASE_URL"] ?? "", { max: 10, onnotice: () => {} });
await sql`
  CREATE TABLE IF NOT EXISTS plain_bookings (
    id uuid PRIMARY KEY, coach_id uuid NOT NULL, client_id uuid NOT NULL, title text,
    starts_at timestamptz NOT NULL, ends_at timestamptz NOT NULL, metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now())`;
await sql`CREATE INDEX IF NOT EXISTS plain_bookings_coach ON plain_bookings (coach_id, starts_at)`;

type Body = { coachId: string; clientId: string; title?: string; startsAt: string; durationMinutes: number };

const app = new Hono();
app.post("/v1/bookings", async (c) => {
  const { coachId, clientId, title, startsAt, durationMinutes } = await c.req.json<Body>();
  const endsAt = new Date(Date.parse(startsAt) + durationMinutes * 60_000);
  const [booking] = await sql`
    INSERT INTO plain_bookings (id, coach_id, client_id, title, starts_at, ends_at)
    VALUES (${uuidv7()}, ${coachId}, ${clientId}, ${title ?? null}, ${startsAt}, ${endsAt}) RETURNING *`;
  return c.json(booking, 201);
});

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env["PORT"]) }, () =>
  console.log("ready"),
);
process.on("SIGTERM", () => {
  server.close();
  void sql.end({ timeout: 1 }).then(() => process.exit(0));
});
