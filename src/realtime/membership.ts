import { DomainError, forbidden } from "../domain/errors.ts";
import type { RoomState } from "../domain/room/state.ts";
import type { Connection, Membership } from "./connection.ts";
import type { RoomFeed } from "./room-feed.ts";

/**
 * The room that a connection is in.
 * @throws DomainError `forbidden` for one that has not joined it, whether it exists or not; `session_closed`
 */
export const requireMembership = (
  connection: Connection,
  feed: RoomFeed,
  sessionId: string,
): { membership: Membership; state: RoomState } => {
  const membership = connection.memberships.get(sessionId);
  const state = feed.stateOf(sessionId);
  if (!membership || !state || membership.stands === "waiting") throw forbidden("Join the room first.");
  if (membership.stands === "closed") {
    throw new DomainError("conflict", "session_closed", "This session's room is closed.");
  }
  return { membership, state };
};
