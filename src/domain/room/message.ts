import { DomainError, forbidden } from "../errors.ts";
import { isClosed } from "../session.ts";
import {
  type LockedRoom,
  type MessageRequest,
  type PostedMessage,
  type RoomChanges,
  actorOfPerson,
  append,
  messageKey,
  noChanges,
} from "./request.ts";

/**
 * Decides a message. One that was posted before under the same id of its sender's gives the first result.
 * @throws DomainError `session_closed`; `forbidden` for one who is not in the room
 */
export const decideMessage = (
  room: LockedRoom,
  { person, text, clientMessageId }: MessageRequest,
  newId: () => string,
): { changes: RoomChanges; result: PostedMessage } => {
  const { participantId, name } = person;
  const changes = noChanges();
  const key = messageKey(participantId, clientMessageId);
  const earlier = room.messages.get(key);
  if (earlier) return { changes, result: earlier };
  if (isClosed(room.session.status)) {
    throw new DomainError("conflict", "session_closed", "This session's room is closed.");
  }
  if (!room.present.has(participantId)) throw forbidden("Join the room before you speak in it.");
  const messageId = newId();
  const seq = append(room, changes, {
    type: "message:posted",
    actor: actorOfPerson(person),
    data: { messageId, participantId, name, text, clientMessageId },
  });
  const result = { seq, messageId };
  room.messages.set(key, result);
  return { changes, result };
};
