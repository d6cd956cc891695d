import { setTimeout as delay } from "node:timers/promises";
import { type Visitor, enterRoom } from "../src/commands/demo/visitor.ts";
import { openCallers } from "./load.ts";
import { type Row, ms, note } from "./report.ts";
import type { Ground } from "./servers.ts";
import { percentile } from "./statistics.ts";
import { makeWorld } from "./world.ts";

const sessions = 200;
/** Sessions that end in a second. All at once, the last would wait for the others before it. */
const endsPerSecond = 40;
const enteringAtOnce = 16;

type Callers = ReturnType<typeof openCallers>;

const post = async <T>(callers: Callers, path: string, body: unknown): Promise<T> => {
  const { status, text } = await callers.call({ path, body });
  if (status >= 300) throw new Error(`${path} answered ${status}: ${text}`);
  return JSON.parse(text) as T;
};

type Room = { sessionId: string; coach: Visitor; client: Visitor };

/** A session that both have joined, which starts it. */
const openRoom = async (
  callers: Callers,
  url: string,
  ids: { coachId: string; clientId: string },
): Promise<Room> => {
  const startsAt = new Date(Date.now() + 60_000).toISOString();
  const { session } = await post<{ session: { id: string } }>(callers, "/v1/bookings", {
    ...ids,
    startsAt,
    durationMinutes: 60,
  });
  const enter = async (as: "coach" | "client"): Promise<Visitor> => {
    const { ticket } = await post<{ ticket: string }>(callers, `/v1/sessions/${session.id}/join`, { as });
    return enterRoom({ url, token: ticket, sessionId: session.id });
  };
  const [coach, client] = [await enter("coach"), await enter("client")];
  await coach.next("session:started");
  return { sessionId: session.id, coach, client };
};

/** From the moment that a session's end was asked for until its coach has the summary. */
export const benchSummaries = async (ground: Ground): Promise<Row[]> => {
  const database = await ground.database();
  const hub = await ground.hub(database);
  const { coachIds, clientIds } = await makeWorld(database.sql, { coaches: sessions, clients: sessions });
  const callers = openCallers(hub.url, enteringAtOnce);
  const rooms: Room[] = [];
  const waiting = coachIds.entries();
  const door = async (): Promise<void> => {
    for (const [index, coachId] of waiting)
      rooms.push(await openRoom(callers, hub.url, { coachId, clientId: clientIds[index] ?? "" }));
  };
  await Promise.all(Array.from({ length: enteringAtOnce }, door));
  const took: number[] = [];
  const answered: number[] = [];
  const end = async ({ sessionId, coach }: Room): Promise<void> => {
    const askedAt = performance.now();
    const ready = coach.next("summary:ready").then(() => performance.now() - askedAt);
    await post(callers, `/v1/sessions/${sessionId}/end`, {});
    answered.push(performance.now() - askedAt);
    took.push(await ready);
  };
  const ending: Promise<void>[] = [];
  const startedAt = performance.now();
  for (const [index, room] of rooms.entries()) {
    ending.push(end(room));
    await delay(Math.max(0, startedAt + ((index + 1) * 1000) / endsPerSecond - performance.now()));
  }
  await Promise.all(ending);
  for (const { coach, client } of rooms) {
    coach.drop();
    client.drop();
  }
  await callers.close();
  const [found] = await database.sql<{ summaries: number; told: number }[]>`
    SELECT (SELECT count(*)::int FROM summaries) AS summaries,
      (SELECT count(*)::int FROM session_events WHERE type = 'summary:ready') AS told`;
  if (found?.summaries !== sessions || found.told !== sessions)
    throw new Error(`${sessions} sessions ended, but there are ${JSON.stringify(found)}`);
  took.sort((a, b) => a - b);
  answered.sort((a, b) => a - b);
  const p99 = percentile(took, 0.99);
  return [
    {
      bench: "summary",
      measured: `p50 ${ms(percentile(took, 0.5))}, p99 ${ms(p99)}`,
      baseline: `${sessions} sessions, ${endsPerSecond}/s`,
      figure: ms(p99),
      target: "< 250 ms",
      ok: p99 < 250,
    },
    note(
      "summary",
      `of it until the end was answered: p50 ${ms(percentile(answered, 0.5))}, p99 ${ms(percentile(answered, 0.99))}`,
    ),
  ];
};
