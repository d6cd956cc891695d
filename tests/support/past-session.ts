import { v7 as uuidv7 } from "uuid";
import type { Client } from "../../src/domain/client.ts";
import type { Coach } from "../../src/domain/coach.ts";
import type { LeaveReason } from "../../src/domain/room.ts";
import type { TestApp } from "./app.ts";

/** Somebody's visit, in minutes from now; without an end they are still there. */
export type PastVisit = {
  role: "coach" | "client" | "guest";
  from: number;
  until?: number;
  leftReason?: LeaveReason;
};

/** A session whose times lie around now, in minutes from it. */
export type PastSession = {
  startsIn: number;
  endsIn: number;
  /** Null: it has not been started. */
  startedIn?: number | null;
  visits?: readonly PastVisit[];
  sessionTypeId?: string;
  coach?: Coach;
};

export type MadeSession = { id: string; bookingId: string; coach: Coach; client: Client };

export const minutesFromNow = (minutes: number): Date => new Date(Date.now() + minutes * 60_000);

/** Books a session and moves its rows to where time would have taken them. */
export const makePastSession = async (world: TestApp, past: PastSession): Promise<MadeSession> => {
  const coach = past.coach ?? (await world.makeCoach());
  const client = await world.makeClient();
  const { sessionTypeId, startedIn = null } = past;
  const { session } = await world.makeBooking({
    coach,
    client,
    ...(sessionTypeId === undefined ? {} : { sessionTypeId }),
  });
  await world.db`
    UPDATE sessions SET starts_at = ${minutesFromNow(past.startsIn)}, ends_at = ${minutesFromNow(past.endsIn)},
      status = ${startedIn === null ? "scheduled" : "in_progress"},
      started_at = ${startedIn === null ? null : minutesFromNow(startedIn)}
    WHERE id = ${session.id}`;
  for (const { role, from, until, leftReason = "left" } of past.visits ?? []) {
    const participantId = role === "coach" ? coach.id : role === "client" ? client.id : uuidv7();
    await world.db`
      INSERT INTO attendance (id, session_id, participant_id, role, name, joined_at, left_at, left_reason)
      VALUES (${uuidv7()}, ${session.id}, ${participantId}, ${role}, ${role}, ${minutesFromNow(from)},
              ${until === undefined ? null : minutesFromNow(until)}, ${until === undefined ? null : leftReason})`;
  }
  return { id: session.id, bookingId: session.bookingId, coach, client };
};
