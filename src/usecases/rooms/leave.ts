import { updateVisitsLeft } from "../../db/attendance.ts";
import { findSessionForUpdate } from "../../db/sessions.ts";
import { type Actor, systemActor } from "../../domain/principal.ts";
import type { App } from "../app.ts";
import { transact } from "../transaction.ts";

/** `lost`: their connections went and they did not come back. */
export type LeaveRoomInput = {
  sessionId: string;
  participantId: string;
  reason: "left" | "lost";
  requestId: string;
};

/**
 * Closes the visit of a person who has no connection left, and tells the room, once: who is connected stays, and
 * for who has left before nothing changes.
 * @returns whether they left by this
 * @throws DomainError `unavailable` while nobody can tell who is connected: then nobody leaves
 */
export const leaveRoom = async (app: App, input: LeaveRoomInput): Promise<boolean> => {
  const { sessionId, participantId, reason } = input;
  const left = await transact(app, input, async (transaction) => {
    const { sql } = transaction;
    const locked = await findSessionForUpdate(sql, sessionId);
    if (!locked) return false;
    // Under the lock, so that a join that runs at the same time is either seen here or comes after.
    if ((await app.presence.count(sessionId, participantId)) > 0) return false;
    const { session, now } = locked;
    const [visit] = await updateVisitsLeft(sql, { sessionId, participantId, leftAt: now, reason });
    if (!visit) return false;
    const actor: Actor =
      reason === "lost" ? systemActor : { type: visit.role, id: participantId, name: visit.name };
    await transaction.appendEvents(session, [
      { type: "participant:left", actor, data: { participantId, reason, leftAt: now } },
    ]);
    await transaction.appendOutbox({ type: "participant.left", payload: { sessionId, participantId } });
    return true;
  });
  await app.presence.forget(sessionId, participantId);
  return left;
};
