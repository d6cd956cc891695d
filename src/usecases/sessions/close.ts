import { updateVisitsLeft } from "../../db/attendance.ts";
import { updateSessionStatus } from "../../db/sessions.ts";
import { actorOf, systemActor } from "../../domain/principal.ts";
import type { NewRoomEvent } from "../../domain/room.ts";
import { type Session, nextStatus } from "../../domain/session.ts";
import type { RequestContext } from "../context.ts";
import type { Transaction } from "../transaction.ts";

/** A session that the transaction has locked, and how it is to close. */
export type Closing = { session: Session; now: Date; transition: "end" | "cancel"; reason: string | null };

/**
 * Closes a session and its room: the closing event first, then everybody present leaves.
 * @throws DomainError `invalid_state` when the session is in no state that allows it
 */
export const closeRoom = async (
  transaction: Transaction,
  context: Pick<RequestContext, "principal">,
  { session, now, transition, reason }: Closing,
): Promise<void> => {
  const { sql } = transaction;
  const status = nextStatus(session.status, transition);
  const closed = await updateSessionStatus(sql, session.id, { status, at: now, reason });
  const visits = await updateVisitsLeft(sql, {
    sessionId: session.id,
    participantId: null,
    leftAt: now,
    reason: "closed",
  });
  const type = transition === "end" ? "session:ended" : "session:cancelled";
  const leaving = visits.map(
    ({ participantId }): NewRoomEvent => ({
      type: "participant:left",
      actor: systemActor,
      data: { participantId, reason: "closed", leftAt: now },
    }),
  );
  await transaction.appendEvents(closed, [
    {
      type,
      actor: actorOf(context.principal),
      data: { session: closed, ...(reason === null ? {} : { reason }) },
    },
    ...leaving,
  ]);
  await transaction.appendOutbox(
    {
      type: transition === "end" ? "session.ended" : "session.cancelled",
      payload: { sessionId: session.id },
    },
    ...visits.map(({ participantId }) => ({
      type: "participant.left" as const,
      payload: { sessionId: session.id, participantId },
    })),
  );
};
