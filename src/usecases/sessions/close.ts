import { updateVisitsLeft } from "../../db/attendance.ts";
import { updateSessionStatus } from "../../db/sessions.ts";
import type { OutboxEventType } from "../../domain/outbox.ts";
import { type Actor, systemActor } from "../../domain/principal.ts";
import type { NewRoomEvent } from "../../domain/room.ts";
import { type Absent, type Session, nextStatus } from "../../domain/session.ts";
import type { Transaction } from "../transaction.ts";

/** A session that the transaction has locked, and how it is to close. */
export type Closing = {
  session: Pick<Session, "id" | "status">;
  /** When it was over; those who are still there leave then. */
  at: Date;
  actor: Actor;
  reason: string | null;
} & ({ transition: "end" | "complete" | "cancel" } | { transition: "no_show"; absent: Absent });

/**
 * Closes a session and its room: the closing event first, then everybody present leaves.
 * @throws DomainError `invalid_state` when the session is in no state that allows it
 */
export const closeRoom = async (transaction: Transaction, closing: Closing): Promise<void> => {
  const { sql } = transaction;
  const { session, at, reason, transition } = closing;
  const status = nextStatus(session.status, transition);
  const absent = transition === "no_show" ? closing.absent : null;
  const closed = await updateSessionStatus(sql, session.id, { status, at, reason, absent });
  const visits = await updateVisitsLeft(sql, {
    sessionId: session.id,
    participantId: null,
    leftAt: at,
    reason: "closed",
  });
  const leaving = visits.map(
    ({ participantId, leftAt }): NewRoomEvent => ({
      type: "participant:left",
      actor: systemActor,
      data: { participantId, reason: "closed", leftAt: leftAt ?? at },
    }),
  );
  await transaction.appendEvents(closed, [closingEvent(closing, closed), ...leaving]);
  await transaction.appendOutbox(
    { type: told[transition], payload: { sessionId: session.id, ...(absent === null ? {} : { absent }) } },
    ...visits.map(({ participantId }) => ({
      type: "participant.left" as const,
      payload: { sessionId: session.id, participantId },
    })),
  );
};

const told = {
  end: "session.ended",
  complete: "session.ended",
  cancel: "session.cancelled",
  no_show: "session.no_show",
} as const satisfies Record<Closing["transition"], OutboxEventType>;

const closingEvent = (closing: Closing, session: Session): NewRoomEvent => {
  const { actor, reason } = closing;
  const data = { session, ...(reason === null ? {} : { reason }) };
  if (closing.transition === "no_show")
    return { type: "session:no_show", actor, data: { ...data, absent: closing.absent } };
  return { type: closing.transition === "cancel" ? "session:cancelled" : "session:ended", actor, data };
};
